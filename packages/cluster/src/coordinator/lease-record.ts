/**
 * The record as a Lease. Whatever a Lease has a field for is there; the rest is in annotations, so
 * that `kubectl get lease goethe -o yaml` explains the cluster to a person.
 */
import type { KubernetesObject } from '../kubernetes/resource.js'
import type { ClusterRecord, Leader, MemberStore, Recovery } from '../record.js'
import type { VersionedRecord } from './coordinator.js'
import { epochMax, recordProblem } from './record-bounds.js'
import { checkRecordFormat, corruptRecord, recordFormat } from './record-json.js'

export interface Lease extends KubernetesObject {
  spec?: {
    holderIdentity?: string | null
    leaseDurationSeconds?: number | null
    leaseTransitions?: number | null
    acquireTime?: string | null
    renewTime?: string | null
    [other: string]: unknown
  }
}

const prefix = 'goethe.typusomega.io/'

/**
 * The Lease that holds the record; of the Lease before, what others have put into its metadata is
 * kept. It has all fields that an elector looks at: some take a Lease without `acquireTime` for free.
 */
export function leaseOf(record: ClusterRecord, before: Pick<Lease, 'metadata' | 'spec'>): Lease {
  const { leader, epoch, leaseDurationMs, renewTimeMs } = record
  const { metadata, spec } = before
  const others = Object.entries(metadata.annotations ?? {}).filter(
    ([name]) => !name.startsWith(prefix),
  )
  const renewTime = microTime(renewTimeMs)
  const goesOn = spec?.leaseTransitions === epoch && spec.holderIdentity === leader?.member
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      ...metadata,
      annotations: { ...Object.fromEntries(others), ...annotations(record) },
    },
    spec: {
      ...(leader !== undefined && {
        holderIdentity: leader.member,
        acquireTime: (goesOn && spec.acquireTime) || renewTime,
      }),
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      leaseTransitions: epoch,
      renewTime,
    },
  }
}

/**
 * The record of a Lease, and who holds it that is no member. Throws GOETHE_CORRUPT and GOETHE_FORMAT,
 * as `recordOfJson`.
 */
export function recordOfLease(lease: Lease, where: string): Omit<VersionedRecord, 'token'> {
  const { spec = {}, metadata } = lease
  const annotation = (name: string): string | undefined => metadata.annotations?.[prefix + name]
  const format = annotation('format')
  if (format === undefined) {
    const holder = spec.holderIdentity ?? 'nobody'
    throw corruptRecord(where, `has no annotation ${prefix}format, and is held by ${holder}`)
  }
  checkRecordFormat(Number(format), where)

  const leaderMember = annotation('leader')
  const record: ClusterRecord = {
    clusterId: annotation('cluster-id') ?? '',
    epoch: Number(annotation('epoch')),
    leader:
      leaderMember === undefined
        ? undefined
        : ({
            member: leaderMember,
            storeId: annotation('leader-store-id'),
            incarnation: annotation('leader-incarnation'),
            address: annotation('leader-address'),
          } as Leader),
    inSync: storesOf(annotation('in-sync') ?? ''),
    minInSync: Number(annotation('min-in-sync')),
    ...optional('removed', annotation('removed'), storesOf),
    ...optional('recovery', annotation('recovery'), recoveryOf),
    renewTimeMs: Date.parse(spec.renewTime ?? ''),
    leaseDurationMs: Number(annotation('lease-duration-ms')),
  }
  const found = isOurs(lease, record) ? { record } : taken(lease, record)
  const problem = recordProblem(found.record) ?? endProblem(lease, record)
  if (problem !== undefined) throw corruptRecord(where, problem)
  return found
}

function annotations(record: ClusterRecord): Record<string, string> {
  const { clusterId, epoch, leader, inSync, minInSync, removed, recovery } = record
  const named = {
    about: 'The record of a Goethe cluster, changed by its members alone',
    format: `${recordFormat}`,
    'cluster-id': clusterId,
    epoch: `${epoch}`,
    ...(leader !== undefined && {
      leader: leader.member,
      'leader-store-id': leader.storeId,
      'leader-incarnation': leader.incarnation,
      'leader-address': leader.address,
    }),
    'in-sync': inSync.map(lineOf).join('\n'),
    'min-in-sync': `${minInSync}`,
    ...(removed !== undefined && { removed: removed.map(lineOf).join('\n') }),
    ...(recovery !== undefined && {
      recovery: `${lineOf(recovery)} ${recovery.epoch} ${recovery.lsn}`,
    }),
    'lease-duration-ms': `${record.leaseDurationMs}`,
  }
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [prefix + name, value]))
}

function lineOf({ member, storeId }: MemberStore): string {
  return `${member} ${storeId}`
}

/** A field that the record does without where there is no such annotation. */
function optional<Name extends string, Value>(
  name: Name,
  text: string | undefined,
  parse: (text: string) => Value,
): { [name in Name]?: Value } {
  return text === undefined ? {} : ({ [name]: parse(text) } as { [name in Name]: Value })
}

function recoveryOf(line: string): Recovery {
  const [member = '', storeId = '', epoch, lsn] = line.split(' ')
  return { member, storeId, epoch: Number(epoch), lsn: Number(lsn) }
}

function storesOf(lines: string): MemberStore[] {
  return lines.split('\n').map((line) => {
    const [member = '', storeId = ''] = line.split(' ')
    return { member, storeId }
  })
}

/** Whoever took the Lease has left no epoch for anybody. */
function endProblem(lease: Lease, record: ClusterRecord): string | undefined {
  const transitions = lease.spec?.leaseTransitions ?? 0
  if (isOurs(lease, record) || transitions < epochMax) return undefined
  return `says that there were ${transitions} leaders, the most there can be`
}

/** Whether the fields of the Lease say what its annotations do. */
function isOurs({ spec }: Lease, { epoch, leader }: ClusterRecord): boolean {
  const [holder, transitions] = [spec?.holderIdentity ?? '', spec?.leaseTransitions ?? 0]
  return holder === (leader?.member ?? '') && transitions === epoch
}

/**
 * Another elector, or a person, has changed the fields of the Lease: electors leave annotations as
 * they are. The set that those tell is still the one that holds everything, as it changes in this
 * Lease alone, and nobody who led by it does any more. `leaseTransitions` counts the others' lead too,
 * so that an epoch above both is one that nobody had.
 */
function taken({ spec = {} }: Lease, record: ClusterRecord): Omit<VersionedRecord, 'token'> {
  const { holderIdentity: holder, leaseTransitions, leaseDurationSeconds, renewTime } = spec
  const seconds = leaseDurationSeconds ?? 0
  const renewTimeMs = Date.parse(renewTime ?? '')
  return {
    record: {
      ...record,
      leader: undefined,
      epoch: Math.max(record.epoch, leaseTransitions ?? 0),
      renewTimeMs: Number.isNaN(renewTimeMs) ? 0 : renewTimeMs,
    },
    ...(holder && {
      heldBy: { holder, leaseMs: seconds > 0 ? seconds * 1000 : record.leaseDurationMs },
    }),
  }
}

/** With six digits, as an API server wants it. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
