/** What every coordinator can hold, so that none of them refuses what another took. */
import { ArgumentError } from '@goethe/core'
import type { ClusterRecord, MemberStore, Recovery } from '../record.js'

/** `leaseTransitions` of a Kubernetes Lease has 31 bits: one leadership a second for 68 years. */
export const epochMax = 2 ** 31 - 1

/** More copies than anyone keeps; all of them fit into the 256 KiB that a Lease has for annotations. */
export const inSyncMax = 100

/** Stores that were removed and are remembered: by then, the disks of those before are long gone. */
export const removedMax = 100

/** Longest name of a member, and of its host, in characters: that of a name in DNS. */
export const memberLengthMax = 253

const idLengthMax = 64
const addressLengthMax = memberLengthMax + '[]:65535'.length
/** The end of the year 9999, the last that RFC 3339 can write. */
const timeMsMax = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
const durationMsMax = 2 ** 31 - 1

/** Throws ArgumentError for a record that no coordinator takes. */
export function checkRecord(record: ClusterRecord): void {
  const problem = recordProblem(record)
  if (problem !== undefined) throw new ArgumentError(`A cluster record ${problem}`)
}

/** What is wrong with a record, as the rest of a sentence; undefined where nothing is. */
export function recordProblem(record: ClusterRecord): string | undefined {
  const { clusterId, epoch, leader, inSync, minInSync, removed, recovery } = record
  const { renewTimeMs, leaseDurationMs } = record
  return (
    wordProblem('clusterId', clusterId, idLengthMax) ??
    numberProblem('epoch', epoch, 0, epochMax) ??
    (leader === undefined ? undefined : leaderProblem(leader)) ??
    storesProblem('inSync', inSync, 1, inSyncMax) ??
    numberProblem('minInSync', minInSync, 1, inSyncMax) ??
    (removed === undefined ? undefined : storesProblem('removed', removed, 1, removedMax)) ??
    (recovery === undefined ? undefined : recoveryProblem(recovery)) ??
    numberProblem('renewTimeMs', renewTimeMs, 0, timeMsMax) ??
    numberProblem('leaseDurationMs', leaseDurationMs, 1, durationMsMax)
  )
}

function leaderProblem(leader: NonNullable<ClusterRecord['leader']>): string | undefined {
  if (typeof leader !== 'object') return `has a leader that is an object; got ${String(leader)}`
  return (
    wordProblem('leader.member', leader.member, memberLengthMax) ??
    wordProblem('leader.storeId', leader.storeId, idLengthMax) ??
    wordProblem('leader.incarnation', leader.incarnation, idLengthMax) ??
    wordProblem('leader.address', leader.address, addressLengthMax)
  )
}

function recoveryProblem(recovery: Recovery): string | undefined {
  if (typeof recovery !== 'object')
    return `has a recovery that is an object; got ${String(recovery)}`
  return (
    storesProblem('recovery', [recovery], 1, 1) ??
    numberProblem('recovery.epoch', recovery.epoch, 0, epochMax) ??
    numberProblem('recovery.lsn', recovery.lsn, 0, Number.MAX_SAFE_INTEGER)
  )
}

function storesProblem(
  name: string,
  stores: readonly MemberStore[],
  min: number,
  max: number,
): string | undefined {
  if (!Array.isArray(stores)) return `has ${name}, an array; got ${String(stores)}`
  if (stores.length < min || stores.length > max) {
    return `has ${min} to ${max} stores in ${name}; got ${stores.length}`
  }
  const seen = new Set<string>()
  for (const store of stores as readonly MemberStore[]) {
    const problem =
      wordProblem(`${name}.member`, store?.member, memberLengthMax) ??
      wordProblem(`${name}.storeId`, store?.storeId, idLengthMax)
    if (problem !== undefined) return problem
    if (seen.has(store.storeId)) return `has each store once in ${name}; got ${store.storeId} twice`
    seen.add(store.storeId)
  }
  return undefined
}

/** Visible ASCII without the separators that the Lease's annotations use. */
function wordProblem(name: string, value: unknown, lengthMax: number): string | undefined {
  if (typeof value === 'string' && value.length <= lengthMax && /^[!-~]+$/.test(value)) {
    return undefined
  }
  const got = typeof value === 'string' ? JSON.stringify(value.slice(0, 300)) : String(value)
  return `has as ${name} 1 to ${lengthMax} visible ASCII characters without spaces; got ${got}`
}

function numberProblem(name: string, value: unknown, min: number, max: number): string | undefined {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) {
    return undefined
  }
  return `has as ${name} a whole number from ${min} to ${max}; got ${String(value)}`
}
