/** The record as JSON, for coordinators that keep bytes: readable for a person who looks there. */
import { GoetheError } from '@goethe/core'
import type { ClusterRecord, MemberStore } from '../record.js'
import { recordProblem } from './record-bounds.js'

/** Grows when an older version would misunderstand what is written. */
export const recordFormat = 1

/** The text that is stored. */
export function recordJson(record: ClusterRecord): string {
  return JSON.stringify({ format: recordFormat, ...record }, undefined, 2)
}

/**
 * The record that a stored text holds; `where` names its place in messages. Throws GOETHE_CORRUPT
 * where it holds none, GOETHE_FORMAT where it is one of a later version.
 */
export function recordOfJson(text: string, where: string): ClusterRecord {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw corruptRecord(where, 'is not JSON', cause)
  }
  if (typeof value !== 'object' || value === null || !('format' in value)) {
    throw corruptRecord(where, 'has no format')
  }
  checkRecordFormat(value.format, where)
  const { clusterId, epoch, leader, inSync, minInSync, removed, recovery, ...times } =
    value as unknown as ClusterRecord
  const { renewTimeMs, leaseDurationMs } = times
  const record = { clusterId, epoch, leader, inSync, minInSync, renewTimeMs, leaseDurationMs }
  const problem = recordProblem({ ...record, removed, recovery })
  if (problem !== undefined) throw corruptRecord(where, problem)
  return {
    ...record,
    leader: leader && {
      member: leader.member,
      storeId: leader.storeId,
      incarnation: leader.incarnation,
      address: leader.address,
    },
    inSync: inSync.map(storeOf),
    ...(removed !== undefined && { removed: removed.map(storeOf) }),
    ...(recovery !== undefined && {
      recovery: { ...storeOf(recovery), epoch: recovery.epoch, lsn: recovery.lsn },
    }),
  }
}

function storeOf({ member, storeId }: MemberStore): MemberStore {
  return { member, storeId }
}

/** Throws GOETHE_FORMAT for any format but ours. */
export function checkRecordFormat(format: unknown, where: string): void {
  if (format === recordFormat) return
  throw new GoetheError(
    'GOETHE_FORMAT',
    `The cluster record in ${where} has format ${String(format)}, and this version knows ` +
      `${recordFormat}: run the version that wrote it, or a later one`,
  )
}

/** What is stored there is not the record of a cluster. */
export function corruptRecord(where: string, problem: string, cause?: unknown): GoetheError {
  return new GoetheError(
    'GOETHE_CORRUPT',
    `What is in ${where} is no record of a Goethe cluster: it ${problem}. Name another place for ` +
      `the record, or remove what is there if nobody needs it`,
    { cause },
  )
}
