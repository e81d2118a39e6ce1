import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checking } from '../tests-support/seeds.js'
import { NumberMap } from './number-map.js'

const number = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.maxSafeNat())
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ set: number }) },
  { weight: 5, arbitrary: fc.record({ delete: number }) },
  { weight: 1, arbitrary: fc.constant('clear' as const) },
)

it('holds what a Map holds', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const numbers = new NumberMap<{ step: number }>()
      const map = new Map<number, { step: number }>()
      for (const [index, one] of steps.entries()) {
        if (one === 'clear') {
          numbers.clear()
          map.clear()
        } else if ('set' in one) {
          numbers.set(one.set, { step: index })
          map.set(one.set, { step: index })
        } else expect(numbers.delete(one.delete)).toBe(map.delete(one.delete))
        expect(numbers.size).toBe(map.size)
      }
      for (let at = 0; at <= 201; at++) expect(numbers.get(at)).toEqual(map.get(at))
      const ascending = (entries: Iterable<[number, unknown]>): unknown =>
        [...entries].sort(([first], [second]) => first - second)
      expect(ascending(numbers.entries())).toEqual(ascending(map))
      expect([...numbers.values()]).toEqual([...numbers.entries()].map(([, value]) => value))
    }),
    checking(200),
  )
})

it('gives numbers that were set in their order in that order', () => {
  const numbers = new NumberMap<object>()
  for (let at = 1; at <= 300; at++) numbers.set(at, {})
  for (let at = 1; at <= 290; at++) numbers.delete(at)
  for (let at = 301; at <= 400; at++) numbers.set(at, {})
  expect([...numbers.entries()].map(([at]) => at)).toEqual(
    Array.from({ length: 110 }, (_, index) => 291 + index),
  )
})
