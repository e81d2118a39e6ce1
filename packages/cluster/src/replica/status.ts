/** What a member knows of itself and of its followers, for people and monitoring. */
import type { Context } from './context.js'
import type { Follower } from './follower.js'
import type { Leader } from './leader.js'
import type { ClusterRecord, MemberStore, Recovery } from '../record.js'
import { isRemoved } from './rules.js'
import type { Takeover } from './takeover.js'

export interface FollowerStatus extends MemberStore {
  readonly inSync: boolean
  readonly heldLsn: number
  /** The epoch of that entry; undefined where the journal here does not reach back to it. */
  readonly heldEpoch: number | undefined
  readonly behind: number
  readonly silentMs: number
}

export interface ReplicaStatus extends MemberStore {
  readonly clusterId: string | undefined
  readonly role: 'leader' | 'follower' | 'candidate' | 'halted'
  readonly epoch: number
  readonly leader: string | undefined
  /** The member that leads because the configuration says so, if it does. */
  readonly namedLeader?: string | undefined
  /** On a follower: whether it heard the leader just now, for `leader-heard` at others. */
  readonly hearsLeader: boolean
  readonly lastLsn: number
  /** The epoch of that entry. */
  readonly lastEpoch: number
  readonly durableLsn: number
  readonly commitLsn: number
  readonly appliedLsn: number
  /** Whether this member is in sync and its readers see what is committed, but for a moment's worth. */
  readonly caughtUp: boolean
  readonly inSync: readonly MemberStore[]
  /** The fewest in-sync stores with which writes are taken. */
  readonly minInSync: number | undefined
  /** What this member would begin a new cluster with: nothing else comes of it. */
  readonly minInSyncOfNew: number
  /** Stores that an operator took out. */
  readonly removed?: readonly MemberStore[] | undefined
  /** The last time that an operator accepted a loss. */
  readonly recovery?: Recovery | undefined
  /** On the leader: how far the others are. */
  readonly followers: readonly FollowerStatus[]
  /** On the leader: why appends are refused, as a sentence. */
  readonly notWritable: string | undefined
  /** On the leader: which stores came back in its epoch without what they have to have, as a sentence. */
  readonly losses?: string | undefined
  /** What keeps this member from taking part, as a sentence. */
  readonly problem: string | undefined
  /** Whether anything would come of an operator's word that this member is to lead. */
  readonly mayRecover: boolean
}

export function statusOf(
  context: Context,
  takeover: Takeover,
  leader: Leader | undefined,
  follower: Follower | undefined,
  halted: string | undefined,
): Omit<ReplicaStatus, 'caughtUp' | 'mayRecover'> {
  const { self, facts, journal, applier } = context
  const record = leader?.set.record ?? takeover.record
  return {
    member: self.member,
    storeId: self.storeId,
    clusterId: facts.clusterId,
    role: roleOf(leader, follower, halted),
    epoch: facts.seenEpoch,
    leader: leader === undefined ? follower?.leader.member : self.member,
    namedLeader: context.options.namedLeader,
    hearsLeader: follower !== undefined && takeover.hearsLeader,
    lastLsn: journal.last.lsn,
    lastEpoch: journal.last.epoch,
    durableLsn: journal.durableLsn,
    commitLsn: applier.commitLsn,
    appliedLsn: applier.appliedLsn,
    inSync: record?.inSync ?? [],
    minInSync: record && context.options.rules.fewest(record),
    minInSyncOfNew: context.options.minInSync,
    removed: record?.removed,
    recovery: record?.recovery,
    followers: leader === undefined ? [] : followersOf(context, leader),
    notWritable: leader?.membership.whyNotWritable(),
    losses: leader?.membership.losses,
    problem: halted ?? leader?.membership.problem ?? takeover.problem ?? removal(record, self),
  }
}

function removal(record: ClusterRecord | undefined, { storeId }: MemberStore): string | undefined {
  if (record === undefined || !isRemoved(record, storeId)) return undefined
  return 'an operator removed this store from the cluster; once it is added again it may join, and with an empty disk at once'
}

function roleOf(
  leader: Leader | undefined,
  follower: Follower | undefined,
  halted: string | undefined,
): ReplicaStatus['role'] {
  if (halted !== undefined) return 'halted'
  if (leader !== undefined) return 'leader'
  return follower === undefined ? 'candidate' : 'follower'
}

function followersOf({ journal, nowMs }: Context, leader: Leader): readonly FollowerStatus[] {
  return [...leader.followers.values()].map(({ sender, heldLsn, lastHeardMs }) => ({
    member: sender.member,
    storeId: sender.storeId,
    inSync: leader.set.has(sender.storeId),
    heldLsn,
    heldEpoch: journal.epochOf(heldLsn),
    behind: journal.last.lsn - heldLsn,
    silentMs: nowMs - lastHeardMs,
  }))
}
