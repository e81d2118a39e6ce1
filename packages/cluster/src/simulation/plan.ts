/** What one seed tries: the cluster, how much goes wrong, and in which ways. */
import { defaultLimits, type ReplicaLimits, type ReplicaTimes } from '../replica/options.js'
import type { NetworkFaults } from './simulated-network.js'
import type { CoordinatorFaults } from './simulated-coordinator.js'
import type { Random } from './random.js'

/** Kinds of faults, and how often each is chosen. */
export const faultKinds = [
  'crash',
  'crash-all',
  'cut-one-way',
  'isolate',
  'coordinator-away',
  'coordinator-away-from-one',
  'slow-disk',
  'failing-disk',
  'empty',
  'clock-jump',
  'pause',
  'hand-over',
  'stop',
  'discover',
  'old-leader-returns',
  'corrupt',
  'join',
  'remove',
  'admit',
  'min-in-sync',
  'lose-majority',
  'lose-record',
  'put-record-back',
  'lose-entries',
] as const

export type FaultKind = (typeof faultKinds)[number]

export interface Plan {
  readonly members: number
  /** Members that may join later. */
  readonly lateMembers: number
  readonly minInSync: number
  readonly times: ReplicaTimes
  readonly limits: ReplicaLimits
  readonly network: NetworkFaults
  readonly coordinator: CoordinatorFaults
  /** Virtual time with faults, then without. */
  readonly faultsMs: number
  readonly calmMsMax: number
  /** Mean pause between two faults. */
  readonly faultPauseMs: number
  /** Kinds of faults that this seed uses. */
  readonly faults: readonly FaultKind[]
  readonly clients: number
  readonly consumers: number
  /** Mean pause of a client between two appends. */
  readonly appendPauseMs: number
  /** Largest drift of clocks, as a share. */
  readonly drift: number
}

export function makePlan(random: Random, membersWanted?: number): Plan {
  const members = membersWanted ?? (random.chance(0.7) ? 3 : 5)
  const majority = Math.floor(members / 2) + 1
  // Some seeds are calm in some respect, so that what is rare elsewhere gets its turn.
  const sometimes = (value: number) => (random.chance(0.5) ? value * random.next() : 0)
  return {
    members,
    lateMembers: random.chance(0.5) ? 1 + random.below(2) : 0,
    minInSync: random.chance(0.7) ? majority : 1 + random.below(majority),
    times: {
      heartbeatMs: 120,
      electionTimeoutMs: 500,
      replicaTimeoutMs: 500,
      leaseMs: 3_000,
      renewMs: 1_000,
      retryMs: 200,
      behindMsMax: 2_000,
      tickMsMax: 200,
    },
    limits: {
      ...defaultLimits,
      inFlightBytesMax: random.chance(0.5) ? 400 : 4_000,
      messageBytesMax: 300,
      entriesKept: random.chance(0.5) ? 3 : 30,
      entriesKeptMax: 2_000,
      bytesKept: random.chance(0.5) ? 500 : 5_000,
      bytesKeptMax: 20_000,
    },
    network: {
      loss: sometimes(0.2),
      repeat: sometimes(0.2),
      delayMsMax: random.chance(0.5) ? 3 : random.between(5, 150),
      heldUp: sometimes(0.03),
    },
    coordinator: {
      lostRequests: sometimes(0.3),
      lostAnswers: sometimes(0.4),
      lateRequests: sometimes(0.4),
      repeatedRequests: sometimes(0.2),
    },
    faultsMs: random.between(3_000, 12_000),
    calmMsMax: 40_000,
    faultPauseMs: random.between(100, 1_000),
    faults: faultKinds.filter(() => random.chance(0.5)),
    clients: 1 + random.below(3),
    consumers: random.below(3),
    appendPauseMs: random.between(20, 300),
    drift: random.chance(0.5) ? 0.2 : 0,
  }
}
