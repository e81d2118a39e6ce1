import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JournalSizes } from './journal-sizes.js'

describe('JournalSizes', () => {
  it('finds behind which entry there are so many bytes', () => {
    const sizes = new JournalSizes(0)
    for (let lsn = 1; lsn <= 10; lsn++) sizes.append(lsn, 100)
    expect(sizes.behind(1_000)).toBe(0)
    expect(sizes.behind(999)).toBe(1)
    expect(sizes.behind(300)).toBe(7)
    expect(sizes.behind(0)).toBe(10)
    sizes.trim(7)
    expect(sizes.behind(300)).toBe(0)
    expect(sizes.behind(200)).toBe(8)
    sizes.truncate(8)
    expect(sizes.behind(100)).toBe(0)
    expect(sizes.behind(50)).toBe(8)
    sizes.restart()
    expect(sizes.behind(0)).toBe(0)
  })

  it('keeps nothing of an entry that is larger than all that may be kept', () => {
    const sizes = new JournalSizes(64)
    sizes.append(1, 10)
    sizes.append(2, 16 * 2 ** 20)
    expect(sizes.behind(1_000)).toBe(2)
    sizes.append(3, 10)
    expect(sizes.behind(1_000)).toBe(2)
  })

  it('is restored from its marks', () => {
    const sizes = new JournalSizes(100)
    for (let lsn = 1; lsn <= 50; lsn++) sizes.append(lsn, lsn)
    const again = new JournalSizes(100, sizes.marks)
    for (const bytes of [0, 10, 100, 500, 1_000, 5_000]) {
      expect(again.behind(bytes)).toBe(sizes.behind(bytes))
    }
  })

  it('says what a list of all entries says, up to a step', () => {
    const step = 50
    const change = fc.oneof(
      fc.record({ type: fc.constant('append' as const), bytes: fc.nat(step) }),
      fc.record({
        type: fc.constantFrom('truncate' as const, 'trim' as const),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    )
    fc.assert(
      fc.property(fc.array(change, { maxLength: 80 }), fc.nat(1_000), (changes, bytesMax) => {
        const sizes = new JournalSizes(step)
        let [list, base]: [number[], number] = [[], 0]
        let cut = 0
        for (const one of changes) {
          if (one.type === 'append') {
            list.push(one.bytes)
            sizes.append(base + list.length, one.bytes)
            continue
          }
          const count = Math.floor(one.share * list.length)
          if (one.type === 'trim') {
            list = list.slice(count)
            base += count
            sizes.trim(base)
          } else {
            list = list.slice(0, count)
            sizes.truncate(base + count)
            // What was cut off within a step still counts.
            cut += 1
          }
        }
        const lsn = sizes.behind(bytesMax)
        const bytesBehind = (from: number) =>
          list.slice(Math.max(from - base, 0)).reduce((sum, bytes) => sum + bytes, 0)
        expect(bytesBehind(lsn)).toBeLessThanOrEqual(bytesMax)
        // It drops no more than it has to, but for some steps.
        if (lsn > base)
          expect(bytesBehind(lsn - 1)).toBeGreaterThan(bytesMax - step * (2 + cut) * 2)
      }),
    )
  })
})
