/** What a failed call of grpc-js means, and whether trying again makes sense. */
import { status as grpcStatus, type ServiceError } from '@grpc/grpc-js'
import { ArgumentError, GoetheError, type GoetheErrorCode } from '@goethe/core'
import { decodeError, detailsTrailer } from '@goethe/protocol'

/** The error of a call, from its status and its trailer. */
export function errorOf(failure: unknown): GoetheError {
  if (failure instanceof GoetheError) return failure
  const { code, details, metadata } = failure as Partial<ServiceError>
  if (typeof code !== 'number') {
    const message = failure instanceof Error ? failure.message : String(failure)
    return new GoetheError('GOETHE_INTERNAL', message, { cause: failure })
  }
  const [trailer] = metadata?.get(detailsTrailer) ?? []
  const bytes = trailer instanceof Uint8Array ? trailer : undefined
  if (bytes === undefined && isBrokenOff(code, details)) {
    return new GoetheError('GOETHE_UNAVAILABLE', 'The call was broken off by the other side', {
      cause: failure,
    })
  }
  const known = decodeError(code, details ?? '', bytes)
  return new GoetheError(known.code, known.message, { cause: failure, details: known.details })
}

/**
 * The error as a caller gets it: what only the server could see to be a wrong argument is one all
 * the same.
 */
export function asThrown(error: GoetheError): Error {
  if (error.code !== 'GOETHE_INVALID_ARGUMENT') return error
  return new ArgumentError(error.message, { cause: error })
}

/**
 * A stream that ends without a status, as those do of a server that goes, is INTERNAL to grpc-js.
 * Only its text tells it from an answer of the server.
 */
function isBrokenOff(code: number, details: string | undefined): boolean {
  return code === grpcStatus.INTERNAL && details?.startsWith('Received RST_STREAM') === true
}

/** The server is away, or says that it soon will be, or is another one by now. */
const passing: ReadonlySet<GoetheErrorCode> = new Set([
  'GOETHE_CANCELLED',
  'GOETHE_CLOSED',
  'GOETHE_NOT_LEADER',
  'GOETHE_OUTCOME_UNKNOWN',
  'GOETHE_UNAVAILABLE',
  'GOETHE_WRITE_FAILED',
])

/** Whoever says so is well, and says next time who is to be asked, if it is another one. */
const answeredByTheLiving: ReadonlySet<GoetheErrorCode> = new Set([
  'GOETHE_OUTCOME_UNKNOWN',
  'GOETHE_WRITE_FAILED',
])

/** True where the same call may succeed a little later. */
export function isPassing({ code, details }: GoetheError): boolean {
  // A limit without a delay is one of size: the same call would meet it again.
  return passing.has(code) || (code === 'GOETHE_LIMIT' && details.retryDelayMs !== undefined)
}

/** After these nobody knows whether it was done; after all others it was not. */
const unknownOutcomes: ReadonlySet<GoetheErrorCode> = new Set([
  'GOETHE_CANCELLED',
  'GOETHE_OUTCOME_UNKNOWN',
  'GOETHE_WRITE_FAILED',
])

/** True for a server's answer which says that nothing was done. */
export function isUndone({ code }: GoetheError): boolean {
  return !unknownOutcomes.has(code)
}

/** True where another connection may do better. */
export function isDisconnect({ code }: GoetheError): boolean {
  return passing.has(code) && !answeredByTheLiving.has(code)
}

export function closedError(): GoetheError {
  return new GoetheError('GOETHE_CLOSED', 'The client is closed')
}
