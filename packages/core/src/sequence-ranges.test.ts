import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checking } from '../tests-support/seeds.js'
import { SequenceRanges } from './sequence-ranges.js'

const change = fc.oneof(
  { weight: 4, arbitrary: fc.record({ from: fc.integer({ min: 1, max: 40 }), more: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ takeFrom: fc.integer({ min: 1, max: 40 }) }) },
)

it('is a set of sequences as ranges that do not touch', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const ranges = new SequenceRanges()
      const set = new Set<number>()
      for (const one of changes) {
        if ('takeFrom' in one) {
          const taken = ranges.takeFrom(one.takeFrom)
          if (taken === undefined) {
            expect(set.has(one.takeFrom) && Math.min(...set) === one.takeFrom).toBe(false)
          } else {
            expect(taken.from).toBe(one.takeFrom)
            for (let at = taken.from; at <= taken.to; at++) expect(set.delete(at)).toBe(true)
            expect(set.has(taken.to + 1)).toBe(false)
          }
        } else {
          const to = one.from + one.more
          ranges.add({ from: one.from, to, toId: BigInt(to) })
          for (let at = one.from; at <= to; at++) set.add(at)
        }
        const array = ranges.toArray()
        expect(array.flatMap(({ from, to }) => sequence(from, to))).toEqual(
          [...set].sort((first, second) => first - second),
        )
        for (const [index, { from, to, toId }] of array.entries()) {
          expect(toId).toBe(BigInt(to))
          if (index > 0) expect(from).toBeGreaterThan(array[index - 1]!.to + 1)
        }
        expect(ranges.count).toBe(set.size)
        for (let at = 0; at < 46; at++) expect(ranges.has(at)).toBe(set.has(at))
        expect(new SequenceRanges(array).toArray()).toEqual(array)
      }
    }),
    checking(200),
  )
})

function sequence(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}
