import { describe, expect, it } from 'vitest'
import { PhiAccrual } from './phi-accrual.js'

const options = { expectedMs: 1000, deviationMsMin: 100, intervalMsMax: 10_000 }

function after(intervals: readonly number[]): PhiAccrual {
  let nowMs = 0
  const phi = new PhiAccrual(nowMs, options)
  for (const interval of intervals) phi.arrive((nowMs += interval))
  return phi
}

describe('PhiAccrual', () => {
  it('is not suspicious right after news, and the more so the longer none comes', () => {
    const phi = after(new Array<number>(100).fill(1000))
    const values = [0, 1000, 1200, 1500, 2000, 60_000].map((ms) => phi.phi(phi.lastMs + ms))
    expect(values[0]).toBeLessThan(0.01)
    expect(values).toEqual(values.toSorted((first, second) => first - second))
    expect(values[4]).toBeGreaterThan(8)
    expect(values[5]).toBeLessThan(Infinity)
  })

  it('says how unlikely it is that news comes later still', () => {
    const phi = after(Array.from({ length: 100 }, (_, at) => (at % 2 === 0 ? 800 : 1200)))
    // The mean is 1,000 and the deviation 200: half comes later, and one in 1,000 after 3.09 more.
    expect(phi.phi(phi.lastMs + 1000)).toBeCloseTo(Math.log10(2), 2)
    expect(phi.phi(phi.lastMs + 1000 + 3.09 * 200)).toBeCloseTo(3, 1)
  })

  it('is more patient where news comes irregularly', () => {
    const regular = after(new Array<number>(50).fill(1000))
    const irregular = after(Array.from({ length: 50 }, (_, at) => (at % 2 === 0 ? 200 : 1800)))
    const silence = 2500
    expect(regular.phi(regular.lastMs + silence)).toBeGreaterThan(8)
    expect(irregular.phi(irregular.lastMs + silence)).toBeLessThan(3)
  })

  it('forgets what was long ago', () => {
    const phi = after([...new Array<number>(100).fill(9000), ...new Array<number>(100).fill(1000)])
    expect(phi.phi(phi.lastMs + 2000)).toBeGreaterThan(8)
  })

  it('does not take an outage for how news comes usually', () => {
    const steady = new Array<number>(50).fill(1000)
    const phi = after([...steady, 3_600_000, 1000])
    expect(phi.phi(phi.lastMs + 3000)).toBeGreaterThan(8)
  })
})
