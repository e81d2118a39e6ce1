import { describe, expect, it } from 'vitest'
import { JournalIndex } from './journal-index.js'
import { origin } from './position.js'

const entries = (from: number, to: number, epoch: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ lsn: from + index, epoch, bytes: 10 }))

describe('JournalIndex', () => {
  it('holds as safe only what was reported', () => {
    const journal = new JournalIndex({ base: origin, ends: [], sizes: [] }, 100)
    const first = journal.append(entries(1, 3, 1))
    const second = journal.append(entries(4, 5, 1))
    expect(journal.durableLsn).toBe(0)
    journal.written(first)
    expect(journal.durableLsn).toBe(3)
    journal.written(second)
    expect(journal.durableLsn).toBe(5)
  })

  it('takes a late report of replaced entries for nothing', () => {
    const journal = new JournalIndex({ base: origin, ends: [{ lsn: 2, epoch: 1 }], sizes: [] }, 100)
    const replaced = journal.append(entries(3, 6, 1))
    journal.truncate(2)
    const replacing = journal.append(entries(3, 4, 2))
    journal.written(replaced)
    expect(journal.durableLsn).toBe(2)
    journal.written(replacing)
    expect(journal.durableLsn).toBe(4)
  })

  it('begins anew behind a snapshot, whatever was being written', () => {
    const journal = new JournalIndex({ base: origin, ends: [], sizes: [] }, 100)
    const before = journal.append(entries(1, 3, 1))
    journal.restart({ lsn: 10, epoch: 4 })
    const after = journal.append(entries(11, 12, 4))
    journal.written(before)
    expect(journal.durableLsn).toBe(10)
    journal.written(after)
    expect(journal.durableLsn).toBe(12)
  })
})
