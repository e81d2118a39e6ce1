/** What a member tells the others of itself, and above all how it is and why. */
import type { MemberReport } from '../gossip/member-state.js'
import type { ReplicaStatus } from '../replica/status.js'

/** What is true of a member beside its replica. */
export interface MemberCondition {
  /** It stops. */
  readonly draining: boolean
  /** Why it does not work, as a sentence. */
  readonly unhealthy: string | undefined
  /** `host:port` where others reach it. */
  readonly peerAddress: string | undefined
  /** Part of what it can do that is in use, from 0 to 1. */
  readonly load: number
}

export function memberReport(replica: ReplicaStatus, condition: MemberCondition): MemberReport {
  const { role, clusterId, epoch, hearsLeader, notWritable } = replica
  const { lastLsn, lastEpoch, commitLsn } = replica
  const { peerAddress, load } = condition
  return {
    ...healthOf(replica, condition),
    ...(notWritable !== undefined && { notWritable }),
    role: role === 'halted' ? 'candidate' : role,
    peerAddress,
    clusterId,
    epoch,
    lastLsn,
    lastEpoch,
    commitLsn,
    load,
    hearsLeader: role === 'leader' || hearsLeader,
  }
}

function healthOf(
  { role, inSync, storeId, problem, notWritable, caughtUp }: ReplicaStatus,
  { draining, unhealthy }: MemberCondition,
): Pick<MemberReport, 'health' | 'reason'> {
  if (draining) return { health: 'draining', reason: 'it stops' }
  // Of a leader, that it takes no writes counts for more than a trouble with which it takes them.
  const writes = role !== 'leader' || notWritable === undefined
  const reason = unhealthy ?? (writes ? problem : undefined)
  if (reason !== undefined) return { health: 'unhealthy', reason }
  if (inSync.some((store) => store.storeId === storeId)) {
    if (!caughtUp) return { health: 'catching-up', reason: 'it applies what it has' }
    return { health: 'serving', ...(notWritable !== undefined && { reason: notWritable }) }
  }
  const why = role === 'candidate' ? 'it knows no leader' : 'it is not in sync yet'
  return { health: 'catching-up', reason: why }
}
