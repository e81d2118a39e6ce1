import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checking } from '../tests-support/seeds.js'
import { ArgumentError } from './errors.js'
import { intervalStart } from './index-entry.js'
import { type Interval, intervalMs } from './interval.js'

const units = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

describe('an interval', () => {
  it('is a whole number of minutes, hours, days or weeks, up to a year', () => {
    fc.assert(
      fc.property(fc.nat(600_000), fc.constantFrom('m', 'h', 'd', 'w'), (count, unit) => {
        const ms = count * units[unit]
        const interval: Interval = `${count}${unit}`
        if (ms > 0 && ms <= 366 * units.d) expect(intervalMs(interval)).toBe(ms)
        else expect(() => intervalMs(interval)).toThrow(ArgumentError)
      }),
      checking(300),
    )
  })

  it('is nothing else', () => {
    for (const text of [
      '',
      '1',
      'h',
      '01h',
      '-1h',
      '1.5h',
      '1 h',
      '1s',
      '1H',
      '1h ',
      'Infinityh',
    ]) {
      expect(() => intervalMs(text as Interval)).toThrow(ArgumentError)
    }
    for (const value of [undefined, null, 1, {}]) {
      expect(() => intervalMs(value as unknown as Interval)).toThrow(ArgumentError)
    }
  })

  it('starts at the last multiple of its width', () => {
    const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    fc.assert(
      fc.property(id, fc.bigInt({ min: 1n, max: 2n ** 50n }), (at, width) => {
        const start = intervalStart(at, width)
        expect(start % width).toBe(0n)
        expect(start <= at && at < start + width).toBe(true)
      }),
      checking(200),
    )
  })
})
