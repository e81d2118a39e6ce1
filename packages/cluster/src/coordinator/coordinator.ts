/** What a cluster needs of the engine that already agrees: one record with compare-and-set. */
import type { AbortSignalLike } from '@goethe/core'
import type { ClusterRecord } from '../record.js'

/** A record as it was read, with what names this very state of it. */
export interface VersionedRecord {
  readonly record: ClusterRecord
  /** Changes whenever the record does; compared for equality only. */
  readonly token: string
  /**
   * Somebody else than a member holds the record, as another program's elector may hold a Lease. The
   * record names no leader then, and an epoch that is not below the holder's count of leaderships.
   */
  readonly heldBy?: OutsideHolder | undefined
}

/** Holds the record, and is no member. */
export interface OutsideHolder {
  readonly holder: string
  /** So long it is left in peace after the record was last seen to change, in milliseconds. */
  readonly leaseMs: number
}

/**
 * How an attempt to change the record ended.
 *
 * - `refused`: the record is not the one of the token, so nothing will be done. Something may have been:
 *   where a proxy sends a request again whose answer it lost, the refusal is the second answer.
 * - `failed`: the attempt did not reach the record, or was turned away for another reason, such as a
 *   missing right. Nothing was done, nor will be.
 * - `unknown`: no answer came, so it may have been done, or may still be done for as long as the
 *   record's token stands still.
 */
export type ChangeOutcome =
  | { readonly outcome: 'changed'; readonly token: string }
  | { readonly outcome: 'refused' }
  | { readonly outcome: 'failed'; readonly cause: unknown }
  | { readonly outcome: 'unknown'; readonly cause: unknown }

/** The record's home: a Kubernetes Lease, a key of etcd, or memory. */
export interface Coordinator {
  /**
   * The record as of now (a quorum read, never from a cache), or undefined where there is none.
   * Rejects with GOETHE_UNAVAILABLE when the coordinator gives no answer in time, GOETHE_CORRUPT
   * when what is there is no record, GOETHE_FORMAT when it is one of a version that is unknown here,
   * GOETHE_FORBIDDEN or GOETHE_UNAUTHENTICATED when we may not read it, GOETHE_ABORTED, GOETHE_CLOSED.
   */
  read(signal?: AbortSignalLike): Promise<VersionedRecord | undefined>

  /**
   * Changes the record if it is still the one of `token`, or creates it if `token` is undefined and
   * there is none. Never rejects: where the outcome cannot be known, it says so. Throws ArgumentError
   * for a record that is out of bounds (`recordProblem`).
   */
  change(token: string | undefined, record: ClusterRecord): Promise<ChangeOutcome>

  /**
   * Calls `onChange` when the record may have changed, soon after it did; it may call too often, and
   * may be late by as much as the coordinator is away. It calls first as soon as it watches: whoever
   * reads then has missed nothing. Returns what ends it. It reconnects by itself.
   */
  watch(onChange: () => void): () => void

  /** Ends all watches and calls under way. */
  close(): Promise<void>
}
