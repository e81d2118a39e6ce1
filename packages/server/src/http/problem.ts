/** Errors as HTTP answers: application/problem+json (RFC 9457) with the code of the error. */
import { STATUS_CODES } from 'node:http'
import { ArgumentError, GoetheError, type GoetheErrorCode, isGoetheError } from '@goethe/core'
import { httpStatusOf } from '@goethe/protocol'
import { toJson } from './event-json.js'

export const problemType = 'application/problem+json; charset=utf-8'

export interface Problem {
  status: number
  code: GoetheErrorCode
  headers: Record<string, string>
  body: string
}

/** The answer for whatever went wrong; its status follows from the error, unless it is given. */
export function problemOf(error: unknown, givenStatus?: number): Problem {
  const known = knownError(error)
  const status = givenStatus ?? statusOf(error, known)
  const { code, message, details } = known
  return {
    status,
    code,
    headers: headersOf(known),
    body: toJson({ title: STATUS_CODES[status] ?? 'Error', status, code, message, details }),
  }
}

/** An error in the words of the log; what nobody expected is GOETHE_INTERNAL and says no more. */
export function knownError(error: unknown): GoetheError {
  if (isGoetheError(error)) return error
  const { message, statusCode, code } = error as Partial<{
    message: string
    statusCode: number
    code: string
  }>
  // What the runtime calls a body that breaks off, or that is not what its head says.
  if (code === 'ECONNRESET' && message === 'aborted') {
    return new GoetheError('GOETHE_ABORTED', 'The request ended before it was complete', {
      cause: error,
    })
  }
  const framework = typeof statusCode === 'number' && statusCode < 500 && code?.startsWith('FST_')
  if (statusCode === 413) {
    return new GoetheError(
      'GOETHE_EVENT_TOO_LARGE',
      'The body is larger than limits.messageBytesMax',
      { cause: error },
    )
  }
  if (framework || error instanceof ArgumentError) {
    return new GoetheError('GOETHE_INVALID_ARGUMENT', message ?? 'The request is wrong', {
      cause: error,
    })
  }
  return new GoetheError(
    'GOETHE_INTERNAL',
    'Something went wrong in the server, which wrote more about it into its log',
    { cause: error },
  )
}

/** What the framework refused has a status of its own, such as 415. */
function statusOf(error: unknown, known: GoetheError): number {
  const { statusCode } = error as { statusCode?: unknown }
  if (known.code !== 'GOETHE_INVALID_ARGUMENT' || typeof statusCode !== 'number') {
    return httpStatusOf(known.code)
  }
  return statusCode >= 400 && statusCode < 500 ? statusCode : httpStatusOf(known.code)
}

function headersOf({ code, details }: GoetheError): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': problemType }
  if (details.retryDelayMs !== undefined) {
    headers['retry-after'] = String(Math.max(Math.ceil(details.retryDelayMs / 1000), 1))
  }
  if (code === 'GOETHE_UNAUTHENTICATED') headers['www-authenticate'] = 'Bearer'
  return headers
}
