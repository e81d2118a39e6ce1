/** Everything that a replica asks its driver to do. */
import type { ClusterRecord } from '../record.js'
import type { DurableFacts } from './facts.js'
import type { AppendHeader, JournalEntry, PeerMessage } from './messages.js'
import type { Position } from './position.js'

/** Why an append or a confirmation was refused. */
export type Refusal =
  /** Nothing was done: ask that member, if one is named. */
  | { readonly code: 'NOT_LEADER'; readonly leader?: string | undefined }
  /** Nothing was done: the sentence says what is missing (rule 7). */
  | { readonly code: 'UNAVAILABLE'; readonly reason: string }
  /** It may have been done, or may yet be (rule 11). */
  | { readonly code: 'OUTCOME_UNKNOWN' }

export type Effect =
  | { readonly type: 'send'; readonly to: string; readonly message: PeerMessage }
  /**
   * Send journal entries from `fromLsn` on, as an append with this header, up to about `bytesMax` of
   * payload but at least one; then say `shipped`.
   */
  | {
      readonly type: 'ship'
      readonly to: string
      readonly storeId: string
      readonly fromLsn: number
      readonly bytesMax: number
      readonly message: Omit<PeerMessage, 'body'>
      readonly header: AppendHeader
    }
  /** Journal writes are done in the order in which they were asked for. */
  | {
      readonly type: 'append-journal'
      readonly ticket: number
      readonly entries: readonly JournalEntry[]
    }
  | { readonly type: 'truncate-journal'; readonly ticket: number; readonly lsn: number }
  /** Entries up to `lsn` may be removed at leisure. */
  | { readonly type: 'trim-journal'; readonly lsn: number }
  | { readonly type: 'persist-facts'; readonly ticket: number; readonly facts: DurableFacts }
  /** Apply entries of the journal to the store, each together with its lsn, in order. */
  | { readonly type: 'apply'; readonly fromLsn: number; readonly toLsn: number }
  | { readonly type: 'fetch-snapshot'; readonly from: string; readonly epoch: number }
  /** Put the fetched snapshot in place of store and journal. */
  | { readonly type: 'install-snapshot'; readonly lsn: number; readonly epoch: number }
  | { readonly type: 'read-record'; readonly ticket: number }
  | {
      readonly type: 'change-record'
      readonly ticket: number
      readonly token: string | undefined
      readonly record: ClusterRecord
    }
  /** The proposal is committed, and applied here. */
  | { readonly type: 'accept'; readonly proposal: number; readonly lsn: number }
  | { readonly type: 'reject'; readonly proposal: number; readonly refusal: Refusal }
  /** Everything is applied here that was acknowledged to anybody before it was asked. */
  | { readonly type: 'confirmed'; readonly confirmation: number }
  | { readonly type: 'unconfirmed'; readonly confirmation: number; readonly refusal: Refusal }
  /** The epoch is granted, by a member whose journal ends at `last`, and which takes no lower one. */
  | { readonly type: 'granted'; readonly grant: number; readonly last: Position }
  /** `epoch` is the highest that this member knows of. */
  | {
      readonly type: 'not-granted'
      readonly grant: number
      readonly epoch: number
      readonly reason: string
    }
  /** Everything before this epoch is applied: load the log's state, then propose (rule 8). */
  | { readonly type: 'lead'; readonly epoch: number }
  /** The lead is lost; all proposals under way were rejected before. */
  | { readonly type: 'follow' }
  /** Too much is under way (`true`): hold proposals back until it is less again. */
  | { readonly type: 'pressure'; readonly high: boolean }
  /** A graceful stop is done. */
  | { readonly type: 'stopped' }
  /** Nothing can go on here; `reopen` when opening from disk anew may help (rule 13). */
  | { readonly type: 'halt'; readonly reason: string; readonly reopen: boolean }
