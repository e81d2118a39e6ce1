import type { ClusterRecord, Leader } from '../record.js'
import type { Context } from './context.js'

/** How the record that was found is to be succeeded. */
export interface Succession {
  /** Whatever may be missing here: an operator has decided it. */
  readonly unclean: boolean
  /** The record was lost or is unfit, so that epochs may have begun that it does not tell of. */
  readonly lost: boolean
}

/** The record with which this member would lead; undefined stands for none. */
export function recordToAskFor(
  context: Context,
  found: ClusterRecord | undefined,
  { unclean, lost }: Succession,
): ClusterRecord {
  if (found === undefined || unclean) return anew(context, found, { unclean, lost })
  const { options, self } = context
  const others = found.inSync.filter(({ storeId }) => storeId !== found.leader?.storeId)
  const lessOld =
    found.leader?.storeId !== self.storeId && others.length >= options.rules.fewest(found)
  const inSync = lessOld ? others : found.inSync
  const leader = leaderOf(context)
  const { leaseMs: leaseDurationMs } = options.times
  return { ...found, epoch: found.epoch + 1, leader, inSync, leaseDurationMs }
}

/** A set of this member alone. */
function anew(
  context: Context,
  found: ClusterRecord | undefined,
  { unclean, lost }: Succession,
): ClusterRecord {
  const { facts, options, self, journal } = context
  const own = { member: self.member, storeId: self.storeId }
  const { othersEpoch, clusterId = options.newClusterId } = facts
  const known = Math.max(found?.epoch ?? 0, othersEpoch)
  const epoch = lost ? options.rules.epochBehind(known) : known + 1
  const removed = found?.removed?.filter(({ storeId }) => storeId !== self.storeId) ?? []
  return {
    clusterId,
    epoch,
    leader: leaderOf(context),
    inSync: [own],
    minInSync: found?.minInSync ?? options.minInSync,
    ...(removed.length > 0 && { removed }),
    ...(unclean && { recovery: { ...own, epoch, lsn: journal.last.lsn } }),
    leaseDurationMs: options.times.leaseMs,
    renewTimeMs: 0,
  }
}

function leaderOf({ self, options }: Context): Leader {
  return { ...self, address: options.address }
}
