/**
 * What members ask each other where the configuration names the leader, as requests for bulk data with
 * small answers: the record, which the named one keeps, and grants to begin an epoch.
 */
import { GoetheError } from '@goethe/core'
import type { VersionedRecord } from '../coordinator/coordinator.js'
import { recordJson, recordOfJson } from '../coordinator/record-json.js'
import type { MemberStore } from '../record.js'
import type { Position } from '../replica/position.js'

export type RecordRequest =
  | { readonly about: 'record' }
  | { readonly about: 'grant'; readonly epoch: number; readonly candidate: MemberStore }

/** How a member answers who wants to begin an epoch. */
export type GrantAnswer =
  /** The journal there ends at `last`, and takes nothing of lower epochs any more. */
  | { readonly outcome: 'granted'; readonly last: Position }
  /** `epoch` is the highest that is known there. */
  | { readonly outcome: 'not-granted'; readonly epoch: number; readonly reason: string }

export function encodeRecordRequest(request: RecordRequest): Uint8Array {
  return bytesOf(request)
}

/** Undefined for requests that are about something else. Throws GOETHE_INVALID_ARGUMENT. */
export function decodeRecordRequest(bytes: Uint8Array): RecordRequest | undefined {
  const { about, epoch, candidate } = objectOf(bytes)
  if (about === undefined) return undefined
  if (about === 'record') return { about }
  const { member, storeId } = (candidate ?? {}) as Partial<MemberStore>
  const isGrant = about === 'grant' && Number.isSafeInteger(epoch)
  if (isGrant && typeof member === 'string' && typeof storeId === 'string') {
    return { about: 'grant', epoch: epoch as number, candidate: { member, storeId } }
  }
  throw new GoetheError('GOETHE_INVALID_ARGUMENT', 'This is no request about the record')
}

export function encodeFound(found: VersionedRecord | undefined): Uint8Array {
  return bytesOf(found && { token: found.token, record: recordJson(found.record) })
}

/** Throws GOETHE_CORRUPT, GOETHE_FORMAT, GOETHE_INVALID_ARGUMENT. */
export function decodeFound(bytes: Uint8Array, member: string): VersionedRecord | undefined {
  const { token, record } = objectOf(bytes)
  if (typeof token !== 'string' || typeof record !== 'string') return undefined
  return { token, record: recordOfJson(record, `what ${member} keeps`) }
}

export function encodeGrantAnswer(answer: GrantAnswer): Uint8Array {
  return bytesOf(answer)
}

/** Throws GOETHE_INVALID_ARGUMENT. */
export function decodeGrantAnswer(bytes: Uint8Array): GrantAnswer {
  const { outcome, last, epoch, reason } = objectOf(bytes)
  const { lsn, epoch: lastEpoch } = (last ?? {}) as Partial<Position>
  if (outcome === 'granted' && Number.isSafeInteger(lsn) && Number.isSafeInteger(lastEpoch)) {
    return { outcome, last: { lsn: lsn!, epoch: lastEpoch! } }
  }
  if (outcome === 'not-granted' && Number.isSafeInteger(epoch) && typeof reason === 'string') {
    return { outcome, epoch: epoch as number, reason }
  }
  throw new GoetheError('GOETHE_INVALID_ARGUMENT', 'This is no answer about an epoch')
}

function bytesOf(value: object | undefined): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value ?? {}))
}

function objectOf(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw new GoetheError('GOETHE_INVALID_ARGUMENT', 'This is no request that members make')
}
