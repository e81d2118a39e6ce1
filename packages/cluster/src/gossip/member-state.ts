/** What a member tells of itself, and what others tell of it. */

export type Health =
  /** Holds all committed entries and serves reads; the leader also takes writes. */
  | 'serving'
  /** Fetches what it lacks; its reads are old. */
  | 'catching-up'
  /** About to stop. */
  | 'draining'
  /** Does not work; the reason says why. */
  | 'unhealthy'

/** What changes while a member runs. */
export interface MemberReport {
  readonly health: Health
  /**
   * One sentence; required where `health` is not `serving`, such as `its disk is full`. Of a leader
   * that serves, why it takes no writes.
   */
  readonly reason?: string | undefined
  /** Of a leader, why it takes no writes; absent while it does, whatever else is the matter with it. */
  readonly notWritable?: string | undefined
  readonly role: 'leader' | 'follower' | 'candidate'
  /** `host:port` where it listens to other members, as they reach it; absent before it does. */
  readonly peerAddress?: string | undefined
  /** The cluster that its store belongs to; absent as long as it has never belonged to one. */
  readonly clusterId?: string | undefined
  readonly epoch: number
  readonly lastLsn: number
  /** The epoch of that entry; absent where a member of an earlier version does not say it. */
  readonly lastEpoch?: number | undefined
  readonly commitLsn: number
  /** Part of what it can do that is in use: 0 for idle, 1 for all. */
  readonly load: number
  /** Whether it hears the leader of `epoch`. */
  readonly hearsLeader: boolean
}

/** Who a member is, for as long as its process runs. */
export interface MemberIdentity {
  readonly member: string
  readonly storeId: string
  /** A UUID of the process. */
  readonly incarnation: string
  /** `host:port` for clients. */
  readonly address: string
  /** Where its HTTP API is, such as `http://host:port`, if it has one. */
  readonly url?: string | undefined
}

/** Which of two states of a member is newer. */
export interface StateVersion {
  /** Grows with each start of the member. */
  readonly generation: number
  /** Grows with each heartbeat of the generation. */
  readonly version: number
}

export interface MemberState extends MemberIdentity, StateVersion {
  readonly report: MemberReport
}

/** True when the first is newer than the second, or there is no second. */
export function isNewer(first: StateVersion, second: StateVersion | undefined): boolean {
  if (second === undefined) return true
  if (first.generation !== second.generation) return first.generation > second.generation
  return first.version > second.version
}
