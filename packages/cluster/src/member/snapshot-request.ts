import { GoetheError } from '@goethe/core'

/** What a member asks for that is too far behind. */
export interface SnapshotRequest {
  readonly epoch: number
  /** The session that a broken connection has interrupted; a new one by default. */
  readonly session?: string | undefined
  /** Only what comes behind this key: the rest is there already. */
  readonly after?: Uint8Array | undefined
  /** How many entries are there already. */
  readonly entriesBefore: number
}

/** As JSON, with the key in base64. */
export function encodeSnapshotRequest({ after, ...request }: SnapshotRequest): Uint8Array {
  const key = after === undefined ? undefined : Buffer.from(after).toString('base64')
  return new TextEncoder().encode(JSON.stringify({ ...request, after: key }))
}

/** Throws GOETHE_INVALID_ARGUMENT. */
export function decodeSnapshotRequest(bytes: Uint8Array): SnapshotRequest {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
    const { epoch, session, after, entriesBefore } = value
    if (
      Number.isSafeInteger(epoch) &&
      Number.isSafeInteger(entriesBefore) &&
      (session === undefined || typeof session === 'string') &&
      (after === undefined || typeof after === 'string')
    ) {
      const key = after === undefined ? undefined : Buffer.from(after, 'base64')
      return {
        epoch: epoch as number,
        session,
        after: key,
        entriesBefore: entriesBefore as number,
      }
    }
  } catch {
    // Said below.
  }
  throw new GoetheError('GOETHE_INVALID_ARGUMENT', 'This is no request for a snapshot')
}
