/** What members say to each other, as plain data. */
import type { MemberStore } from '../record.js'

/** Who sent a message: a process (incarnation) that runs over a store. */
export interface Sender extends MemberStore {
  readonly incarnation: string
}

/** One entry of the journal. The state machine never looks into the payload. */
export interface JournalEntry {
  readonly lsn: number
  readonly epoch: number
  /** Absent in the entry that only marks the begin of an epoch (rule 8). */
  readonly payload?: unknown
  /** Size of the payload. */
  readonly bytes: number
}

/** An envelope: every message is fenced by its epoch and by the cluster's id (rule 2). */
export interface PeerMessage<Body extends PeerMessageBody = PeerMessageBody> {
  readonly from: Sender
  readonly clusterId: string
  /** The leader's epoch; of a follower, the epoch it answers in. */
  readonly epoch: number
  /** Set where a message means one store only: an emptied disk must not take it for its own. */
  readonly toStoreId?: string | undefined
  readonly body: Body
}

export type PeerMessageBody = FromLeader | FromFollower | Refuse

export type FromLeader =
  Heartbeat | Append | Reconciled | ReconcileAgain | TakeOver | Left | Confirmed

export type FromFollower = Reconcile | CatchingUp | Acknowledge | Leave | Confirm

/** Leader to all: I lead, and this much is committed. */
export interface Heartbeat {
  readonly type: 'heartbeat'
  readonly commitLsn: number
  /** All in-sync members have applied up to here, so journals need it no more. */
  readonly trimLsn: number
  /** Grows with each question whether this is still the leader; the answer repeats it. */
  readonly confirm: number
}

/** What precedes the entries of an append. */
export interface AppendHeader {
  readonly type: 'append'
  /** The entry right before the first one. */
  readonly previousLsn: number
  readonly previousEpoch: number
  readonly commitLsn: number
}

/** Leader to a follower: entries of its journal. */
export interface Append extends AppendHeader {
  readonly entries: readonly JournalEntry[]
}

/** Follower to leader: my journal ends here (rule 9). */
export interface Reconcile {
  readonly type: 'reconcile'
  /** Repeated by the answer, so that only that of the latest question counts. */
  readonly request: number
  readonly lastLsn: number
  readonly lastEpoch: number
}

/** Leader to follower: what of your journal may be right. */
export interface Reconciled {
  readonly type: 'reconciled'
  readonly request: number
  readonly answer:
    | { readonly type: 'settled' }
    /** Drop the entries of later epochs, then those beyond `lsn`, and ask again. */
    | { readonly type: 'truncate'; readonly epoch: number; readonly lsn: number }
    /** The journal reaches not back that far: take a snapshot (rule 10). */
    | { readonly type: 'snapshot' }
}

/** Leader to a follower whose next entry was trimmed meanwhile: it needs a snapshot by now. */
export interface ReconcileAgain {
  readonly type: 'reconcile-again'
}

/** Follower to leader: I am at your snapshot, so keep what follows it. */
export interface CatchingUp {
  readonly type: 'catching-up'
}

/** Follower to leader: this much is safe here. */
export interface Acknowledge {
  readonly type: 'acknowledge'
  /** Fsynced up to here. */
  readonly durableLsn: number
  /** Received up to here. */
  readonly receivedLsn: number
  /** Applied, and that is on disk too, up to here. */
  readonly flushedLsn: number
  readonly confirm: number
  /** Something between `receivedLsn` and what came last is missing: send it again. */
  readonly gap: boolean
}

/** To a sender of a lower epoch: there is a newer one (the envelope says which). */
export interface Refuse {
  readonly type: 'refuse'
}

/** From a leader that gave up its lead: take over at once (rule 3). */
export interface TakeOver {
  readonly type: 'take-over'
}

/** Follower to leader: I am about to stop. */
export interface Leave {
  readonly type: 'leave'
}

/** Leader to follower: you are out of the in-sync set, or it cannot be smaller. */
export interface Left {
  readonly type: 'left'
}

/** Follower to leader, for a linearizable read there: do you still lead, and what is committed? */
export interface Confirm {
  readonly type: 'confirm'
  /** Repeated by the answer. */
  readonly request: number
}

/** Leader to follower: it did, and a state that has `lsn` applied is as new as anything acknowledged. */
export interface Confirmed {
  readonly type: 'confirmed'
  readonly request: number
  readonly lsn: number
}
