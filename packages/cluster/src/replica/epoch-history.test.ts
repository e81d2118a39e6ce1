import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EpochHistory } from './epoch-history.js'
import { origin, type Position } from './position.js'

/** A history as anybody would write it: every entry with its epoch. */
class PlainHistory {
  base: Position = origin
  entries: Position[] = []

  get last(): Position {
    return this.entries.at(-1) ?? this.base
  }

  append(entry: Position): void {
    this.entries.push(entry)
  }

  truncate(lsn: number): void {
    this.entries = this.entries.filter((entry) => entry.lsn <= lsn)
  }

  trim(lsn: number): void {
    this.base = this.entries.find((entry) => entry.lsn === lsn) ?? this.base
    this.entries = this.entries.filter((entry) => entry.lsn > lsn)
  }

  endOf(epoch: number): Position | undefined {
    return [this.base, ...this.entries].findLast((entry) => entry.epoch <= epoch)
  }
}

const step = fc.oneof(
  fc.record({ type: fc.constant('append' as const), skip: fc.integer({ min: 0, max: 2 }) }),
  fc.record({
    type: fc.constantFrom('truncate' as const, 'trim' as const),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
)

describe('EpochHistory', () => {
  it('knows what a list of all entries knows', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const history = new EpochHistory(origin)
        const plain = new PlainHistory()
        let epoch = 1
        for (const each of steps) {
          const { last, base } = plain
          if (each.type === 'append') {
            epoch += each.skip
            const entry = { lsn: last.lsn + 1, epoch }
            history.append(entry)
            plain.append(entry)
          } else {
            const lsn = base.lsn + Math.floor(each.part * (last.lsn - base.lsn))
            history[each.type](lsn)
            plain[each.type](lsn)
          }
          expect(history.last).toEqual(plain.last)
          expect(history.base).toEqual(plain.base)
          for (let asked = 0; asked <= epoch + 1; asked++) {
            expect(history.endOf(asked)).toEqual(plain.endOf(asked))
          }
          for (const entry of plain.entries) expect(history.epochAt(entry.lsn)).toBe(entry.epoch)
        }
      }),
    )
  })

  it('is the same after it was stored and read again', () => {
    const history = new EpochHistory(origin)
    for (const epoch of [1, 1, 3, 4, 4]) history.append({ lsn: history.last.lsn + 1, epoch })
    history.trim(1)
    const again = new EpochHistory(history.base, history.ends)
    expect(again.ends).toEqual([
      { lsn: 2, epoch: 1 },
      { lsn: 3, epoch: 3 },
      { lsn: 5, epoch: 4 },
    ])
    expect(again.endOf(2)).toEqual({ lsn: 2, epoch: 1 })
  })

  it('takes no entry out of its turn', () => {
    const history = new EpochHistory({ lsn: 4, epoch: 2 })
    expect(() => history.append({ lsn: 6, epoch: 2 })).toThrow('entries are dense: 6 came after 4')
    expect(() => history.append({ lsn: 5, epoch: 1 })).toThrow('epochs never go down')
    expect(() => history.truncate(3)).toThrow('cannot be cut at 3')
    expect(() => history.epochAt(5)).toThrow('entry 5 is not between 4 and 4')
  })
})
