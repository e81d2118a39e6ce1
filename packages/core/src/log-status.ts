import type { Durability } from './append-api.js'

/** Where a log stands; counters begin at 0 when it opens. */
export interface LogStatus {
  id: string
  /** The last id of the log; 0n for an empty one. */
  lastId: bigint
  durability: Durability
  indexIntervalMs: number
  /** False after a failed write, during an import, and once closed. */
  writable: boolean
  commits: number
  appendedEvents: number
  /** Payload bytes. */
  appendedBytes: number
  /** Bytes of appends that were admitted and are not settled. */
  queuedBytes: number
  /** Appends that wait for room in the queue. */
  waitingAppends: number
  /** Bytes of recent commits kept for live readers. */
  recentBytes: number
  /** Calls that read from the store. */
  storeReads: number
  /** How far the clock was behind the last id when that was noticed; 0 while it is not. */
  clockBehindMs: number
}
