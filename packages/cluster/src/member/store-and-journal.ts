import { GoetheError } from '@goethe/core'
import type { EpochHistory } from '../replica/epoch-history.js'
import type { Position } from '../replica/position.js'

/**
 * A store is brought forward by the journal beside it. Throws GOETHE_CORRUPT where that cannot be,
 * because one of the two was lost, or is that of another member. `isReplaced`: a snapshot has taken
 * the store's place, so the journal may have to follow it.
 */
export function checkStoreAndJournal(
  applied: Position,
  epochs: EpochHistory,
  isReplaced: boolean,
): 'fit' | 'journal-follows' {
  const { base, last } = epochs
  if (applied.lsn < base.lsn) {
    throw unfit(
      `the store ends with entry ${applied.lsn}, and the journal begins behind ${base.lsn}`,
    )
  }
  if (applied.lsn > last.lsn) {
    // Only what is safe in the journal is ever applied.
    if (isReplaced) return 'journal-follows'
    throw unfit(`the store ends with entry ${applied.lsn}, and the journal with ${last.lsn}`)
  }
  const epoch = epochs.epochAt(applied.lsn)
  if (epoch !== applied.epoch) {
    // The snapshot came in place of a journal that had left the leader's.
    if (isReplaced) return 'journal-follows'
    throw unfit(
      `entry ${applied.lsn} is of epoch ${applied.epoch} in the store, and of ${epoch} in the journal`,
    )
  }
  return 'fit'
}

function unfit(how: string): GoetheError {
  return new GoetheError(
    'GOETHE_CORRUPT',
    `The member's store and its journal do not belong together: ${how}. Give this member an empty ` +
      `directory, and it fetches everything from the leader`,
  )
}
