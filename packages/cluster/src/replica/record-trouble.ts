/** What may be wrong with a record that was read, as sentences for people. */
import type { VersionedRecord } from '../coordinator/coordinator.js'
import type { ClusterRecord } from '../record.js'

/** What is said where a record must be and is none. */
const recordIsGone = 'the record of the cluster is gone, and only an operator may make a new one'

/** Whether a record is that of another cluster: no word of an operator lets this member change it. */
export function isForeign(
  record: ClusterRecord | undefined,
  clusterId: string | undefined,
): boolean {
  return record !== undefined && clusterId !== undefined && record.clusterId !== clusterId
}

/** Why a record is not to be acted on, whatever else it says. */
export function recordTrouble(
  record: ClusterRecord | undefined,
  clusterId: string | undefined,
  seenEpoch: number,
): string | undefined {
  if (record === undefined) return clusterId === undefined ? undefined : recordIsGone
  if (isForeign(record, clusterId)) {
    return `the record is that of cluster ${record.clusterId}, this store belongs to ${clusterId}`
  }
  if (record.epoch < seenEpoch) {
    return `the record is of epoch ${record.epoch}, but ${seenEpoch} was seen already`
  }
  return undefined
}

/** Why a record is left alone that somebody else holds. */
export function holderTrouble(found: VersionedRecord | undefined): string | undefined {
  if (found?.heldBy === undefined) return undefined
  const { holder, leaseMs } = found.heldBy
  return (
    `the record is held by ${JSON.stringify(holder)}, which is no member of this cluster: it is left ` +
    `alone until the record has stood still for ${Math.ceil(leaseMs / 1000)} s`
  )
}

/** What is said while a leader puts its record right again. */
export const recordIsDisplaced =
  'the record is not the one that this leader wrote: an older one was put back, or somebody has changed it; ' +
  'this leader writes its own again'

/** Why a leader cannot go on nor give way: the record has another one in the same epoch. */
export function rivalTrouble(
  { epoch, leader }: ClusterRecord,
  ownEpoch: number,
): string | undefined {
  if (epoch !== ownEpoch || leader === undefined) return undefined
  return (
    `the record names ${leader.member} as the leader of epoch ${epoch}, which this member leads: an older ` +
    'record was put back, and each of them took entries for its own epoch. Keep the one that has what was ' +
    'acknowledged, and give the other one, and those that followed it, empty disks'
  )
}
