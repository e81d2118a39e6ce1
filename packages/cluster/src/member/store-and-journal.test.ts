import { describe, expect, it } from 'vitest'
import { EpochHistory } from '../replica/epoch-history.js'
import { checkStoreAndJournal } from './store-and-journal.js'

const journal = new EpochHistory({ lsn: 10, epoch: 1 }, [
  { lsn: 20, epoch: 1 },
  { lsn: 30, epoch: 3 },
])
const check =
  (lsn: number, epoch: number, isReplaced = false) =>
  () =>
    checkStoreAndJournal({ lsn, epoch }, journal, isReplaced)

describe('a store and the journal beside it', () => {
  it('belong together when the store ends anywhere in the journal', () => {
    for (const [lsn, epoch] of [
      [10, 1],
      [20, 1],
      [21, 3],
      [30, 3],
    ] as const) {
      expect(check(lsn, epoch)()).toBe('fit')
      expect(check(lsn, epoch, true)()).toBe('fit')
    }
  })

  it('come to belong together when a snapshot has brought the store further', () => {
    expect(check(31, 3, true)()).toBe('journal-follows')
  })

  it('do so too when the journal goes on further, with entries that nobody committed', () => {
    expect(check(25, 4, true)()).toBe('journal-follows')
  })

  it('do not when the journal has lost what was applied', () => {
    expect(check(31, 3)).toThrow('the store ends with entry 31, and the journal with 30')
  })

  it('do not when entries between them are missing', () => {
    expect(check(9, 1)).toThrow(expect.objectContaining({ code: 'GOETHE_CORRUPT' }))
    expect(check(0, 0)).toThrow('the store ends with entry 0, and the journal begins behind 10')
  })

  it('do not when an entry is not the same in both', () => {
    expect(check(25, 1)).toThrow('entry 25 is of epoch 1 in the store, and of 3 in the journal')
  })
})
