/** What readers can expect of a member that does not lead. */
import type { ClusterMemberStatus } from '@goethe/cluster'
import type { StoreState } from '../log-store.js'

type Replica = Pick<
  ClusterMemberStatus['replica'],
  | 'appliedLsn'
  | 'caughtUp'
  | 'commitLsn'
  | 'hearsLeader'
  | 'inSync'
  | 'leader'
  | 'problem'
  | 'storeId'
>

/**
 * It follows once it is in sync, shows what it has, and can say where its leader serves; others should
 * be asked before that. `leaderAddress` is what gossip has told of that.
 */
export function followerState(replica: Replica, leaderAddress: string | undefined): StoreState {
  const { inSync, storeId, leader, problem, hearsLeader, caughtUp } = replica
  const trouble = problem === undefined ? {} : { reason: problem }
  const isInSync = inSync.some((store) => store.storeId === storeId)
  // Without a record, say, it gets on with a leader that it hears, and would not get another one.
  const isWell = isInSync && (problem === undefined || hearsLeader)
  // Reads go on without a leader, too.
  const isIntroduced = !hearsLeader || leaderAddress !== undefined
  if (isWell && caughtUp && isIntroduced) return { type: 'following', leader, ...trouble }
  if (!isWell) return { type: 'catching-up', reason: problem ?? 'This member is not in sync yet' }
  if (caughtUp) {
    const reason = `This member is in sync, and was not told yet where ${leader} serves`
    return { type: 'catching-up', reason }
  }
  const left = replica.commitLsn - replica.appliedLsn
  const reason =
    left > 0
      ? `This member is in sync, and applies what it has: ${left.toLocaleString('en-US')} entries are left`
      : 'This member is in sync, and has not heard yet what else is committed'
  return { type: 'catching-up', reason }
}
