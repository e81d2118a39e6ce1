/** What a replica is told at its start. */
import type { DurableFacts } from './facts.js'
import type { JournalContents } from './journal-index.js'
import type { Rules } from './rules.js'

export interface ReplicaTimes {
  /** How often the leader tells all that it leads. Default 200. */
  readonly heartbeatMs: number
  /** Silence of the leader after which others try to take over, up to half of it later. Default 2,000. */
  readonly electionTimeoutMs: number
  /** How long a follower may acknowledge nothing before it leaves the in-sync set. Default 2,000. */
  readonly replicaTimeoutMs: number
  /** How long the record may stand still before others try to take over. Default 10,000. */
  readonly leaseMs: number
  /** How often the leader renews the record and others read it. Default 3,000. */
  readonly renewMs: number
  /** Pause after the coordinator gave no answer. Default 500. */
  readonly retryMs: number
  /**
   * How long what is committed may not be applied here before this member counts as catching up; at a
   * tenth of it, it counts as caught up again. Default 10,000.
   */
  readonly behindMsMax: number
  /** What a tick counts at most: after a pause of the process, messages are heard first. Default 500. */
  readonly tickMsMax: number
}

export interface ReplicaLimits {
  /** Payload bytes sent to one follower and not received yet. Default 8 MiB. */
  readonly inFlightBytesMax: number
  /** Payload bytes of one message. Default 1 MiB. */
  readonly messageBytesMax: number
  /** Payload bytes proposed and not applied yet, from which on the driver holds back. Default 64 MiB. */
  readonly proposedBytesMax: number
  /** Entries that the journal keeps beyond what is needed, for who may come back. Default 100,000. */
  readonly entriesKept: number
  /** Entries that it keeps at most for followers that are about to catch up. Default 2,000,000. */
  readonly entriesKeptMax: number
  /** Payload bytes of the entries kept for who may come back, at most. Default 1 GiB. */
  readonly bytesKept: number
  /** Payload bytes of those kept for followers that are about to catch up, at most. Default 4 GiB. */
  readonly bytesKeptMax: number
}

export const defaultTimes: ReplicaTimes = {
  heartbeatMs: 200,
  electionTimeoutMs: 2_000,
  replicaTimeoutMs: 2_000,
  leaseMs: 10_000,
  renewMs: 3_000,
  retryMs: 500,
  behindMsMax: 10_000,
  tickMsMax: 500,
}

export const defaultLimits: ReplicaLimits = {
  inFlightBytesMax: 8 * 2 ** 20,
  messageBytesMax: 2 ** 20,
  proposedBytesMax: 64 * 2 ** 20,
  entriesKept: 100_000,
  entriesKeptMax: 2_000_000,
  bytesKept: 2 ** 30,
  bytesKeptMax: 4 * 2 ** 30,
}

export interface ReplicaOptions {
  readonly member: string
  readonly storeId: string
  /** New at each start of the process. */
  readonly incarnation: string
  /** `host:port` for clients. */
  readonly address: string
  /** Fewest in-sync stores, for the record where this member creates it. */
  readonly minInSync: number
  /** The id of the cluster, for the record where this member creates it. */
  readonly newClusterId: string
  /**
   * The member that leads because the configuration says so: nobody else tries to, and it does not
   * give up the lead. Default: whoever is in sync and hears no leader tries.
   */
  readonly namedLeader?: string | undefined
  readonly times: ReplicaTimes
  readonly limits: ReplicaLimits
  /** From 0 up to 1. */
  readonly random: () => number
  /** The rules as they are, but for tests of the tests. */
  readonly rules: Rules
}

/** What was found on disk. */
export interface RestoredState {
  readonly facts: DurableFacts
  readonly journal: JournalContents
  /** Up to where the store has applied the journal. */
  readonly appliedLsn: number
}

/** How exactly the sizes of entries are remembered: about a thousand steps for all that is kept. */
export function sizeStepBytes({ bytesKept, bytesKeptMax }: ReplicaLimits): number {
  return Math.max(bytesKept, bytesKeptMax / 16) / 64
}
