/**
 * The record as a Lease. Whatever a Lease has a field for is there; the rest is in annotations, so
 * that `kubectl get lease goethe -o yaml` explains the cluster to a person.
 */
import type { KubernetesObject, ObjectMetadata } from '../kubernetes/resource.js'
import type { ClusterRecord, Leader, MemberStore, Recovery } from '../record.js'
import { recordProblem } from './record-bounds.js'
import { checkRecordFormat, corruptRecord, recordFormat } from './record-json.js'

export interface Lease extends KubernetesObject {
  spec?: {
    holderIdentity?: string | null
    leaseDurationSeconds?: number | null
    leaseTransitions?: number | null
    renewTime?: string | null
    [other: string]: unknown
  }
}

const prefix = 'goethe.typusomega.io/'

/** The Lease that holds the record; of `metadata` what others have put there is kept. */
export function leaseOf(record: ClusterRecord, metadata: ObjectMetadata): Lease {
  const { leader, epoch, leaseDurationMs, renewTimeMs } = record
  const others = Object.entries(metadata.annotations ?? {}).filter(
    ([name]) => !name.startsWith(prefix),
  )
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      ...metadata,
      annotations: { ...Object.fromEntries(others), ...annotations(record) },
    },
    spec: {
      ...(leader !== undefined && { holderIdentity: leader.member }),
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      leaseTransitions: epoch,
      renewTime: microTime(renewTimeMs),
    },
  }
}

/** The record of a Lease. Throws GOETHE_CORRUPT and GOETHE_FORMAT, as `recordOfJson`. */
export function recordOfLease(lease: Lease, where: string): ClusterRecord {
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
  const problem = recordProblem(record) ?? foreignChange(lease, record)
  if (problem !== undefined) throw corruptRecord(where, problem)
  return record
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

/** Another elector, or a person, may have changed what a Lease has fields for. */
function foreignChange({ spec }: Lease, { epoch, leader }: ClusterRecord): string | undefined {
  const [holder, transitions] = [spec?.holderIdentity ?? '', spec?.leaseTransitions ?? 0]
  const expected = leader?.member ?? ''
  if (holder !== expected) {
    return (
      `was changed by somebody else: holderIdentity is ${JSON.stringify(holder)}, and its ` +
      `annotations name ${JSON.stringify(expected)}; write that there again`
    )
  }
  if (transitions === epoch) return undefined
  return (
    `was changed by somebody else: leaseTransitions is ${transitions}, and its annotations say ` +
    `epoch ${epoch}; write that there again`
  )
}

/** With six digits, as an API server wants it. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
