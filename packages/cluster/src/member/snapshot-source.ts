import type { Position } from '../replica/position.js'

/** Keys and values of a store, ascending by key. */
export type SnapshotEntry = readonly [key: Uint8Array, value: Uint8Array]

/** A part of a snapshot. The last one says what the store had applied, and how much there was. */
export type SnapshotChunk =
  | { readonly type: 'entries'; readonly entries: readonly SnapshotEntry[] }
  | { readonly type: 'end'; readonly applied: Position; readonly entries: number }

/** Where snapshots of other members' stores come from. */
export interface SnapshotSource {
  /**
   * The store of the leader of this epoch, as of some moment. Ends with an `end` chunk; rejects with
   * GOETHE_UNAVAILABLE, GOETHE_NOT_LEADER, GOETHE_CORRUPT, or the signal's reason.
   */
  fetch(from: string, epoch: number, signal: AbortSignal): AsyncIterable<SnapshotChunk>
}
