/** Everything that can happen to a replica. */
import type { ChangeOutcome, VersionedRecord } from '../coordinator/coordinator.js'
import type { MemberStore } from '../record.js'
import type { PeerMessage, Sender } from './messages.js'

export type Input =
  /** Time passed: a monotonic clock, in milliseconds; about every `tickMs`. */
  | { readonly type: 'tick'; readonly nowMs: number }
  | { readonly type: 'message'; readonly message: PeerMessage }
  /** A message of this peer takes long to come, and more of it has come. */
  | { readonly type: 'peer-sends'; readonly peer: Sender }
  /** A message to this peer takes long to arrive, and by its word more of it has arrived. */
  | { readonly type: 'peer-receives'; readonly peer: Sender }
  /** The journal write of this ticket, and all before it, are fsynced. */
  | { readonly type: 'journal-written'; readonly ticket: number }
  /** What a `persist-facts` asked for is fsynced. */
  | { readonly type: 'facts-persisted'; readonly ticket: number }
  /** A write or an fsync failed: nothing in memory about the disk is to be trusted any more. */
  | { readonly type: 'storage-failed'; readonly reason: string }
  /** The store is at `lsn`; a power loss would leave it at `flushedLsn` or later. */
  | { readonly type: 'applied'; readonly lsn: number; readonly flushedLsn: number }
  /** Entries from `fromLsn` to `toLsn` went out to a follower. */
  | {
      readonly type: 'shipped'
      readonly storeId: string
      readonly fromLsn: number
      readonly toLsn: number
      readonly bytes: number
    }
  /** A snapshot of the leader's store is complete and checked, but not in place. */
  | { readonly type: 'snapshot-fetched'; readonly lsn: number; readonly epoch: number }
  | { readonly type: 'snapshot-failed' }
  /** The store and the journal now begin behind the snapshot. */
  | { readonly type: 'snapshot-installed'; readonly lsn: number; readonly epoch: number }
  | {
      readonly type: 'record-read'
      readonly ticket: number
      readonly result:
        | { readonly type: 'read'; readonly found: VersionedRecord | undefined }
        | { readonly type: 'failed'; readonly reason: string }
    }
  | { readonly type: 'record-changed'; readonly ticket: number; readonly outcome: ChangeOutcome }
  /** The coordinator's watch says that a read would be worth it. */
  | { readonly type: 'record-may-have-changed' }
  /** Who there is, by discovery and gossip: names of members, this one left out. */
  | {
      readonly type: 'peers'
      readonly members: readonly string[]
      /** Every one of them was heard from and has never belonged to a cluster (rule 12). */
      readonly allVirgin: boolean
    }
  /** An in-sync member says over gossip that it hears the leader of this epoch. */
  | { readonly type: 'leader-heard'; readonly epoch: number }
  | {
      readonly type: 'propose'
      readonly proposal: number
      readonly payload: unknown
      readonly bytes: number
    }
  /** Is everything applied here that is committed? For linearizable reads. */
  | { readonly type: 'confirm'; readonly confirmation: number }
  /** Give up the lead and stay a follower. */
  | { readonly type: 'hand-over' }
  /** Give up the lead or the place in the in-sync set, then say `stopped`. */
  | { readonly type: 'stop' }
  /**
   * An operator takes a member's store out, until it is let in again: the one of the set, the one that is heard, and
   * the one that is named, where something else than the replica knows it.
   */
  | { readonly type: 'remove-member'; readonly member: string; readonly storeId?: string }
  /** An operator lets in again what was taken out of the cluster under this name. */
  | { readonly type: 'admit-member'; readonly member: string }
  /** An operator wants at least so many stores in sync, at most those that are. */
  | { readonly type: 'set-min-in-sync'; readonly minInSync: number }
  /** Another member knows of this epoch, which is why it does not grant one. */
  | { readonly type: 'epoch-known'; readonly epoch: number }
  /** A member wants this one's grant to begin an epoch, where the configuration names the leader. */
  | {
      readonly type: 'grant'
      readonly grant: number
      readonly epoch: number
      readonly candidate: MemberStore
    }
  /**
   * An operator makes this member lead although committed entries may be missing here. It is tried until
   * `deadlineMs` by the clock of ticks: nobody expects it any more later, when things may be different.
   */
  | { readonly type: 'recover'; readonly deadlineMs: number }
