/** What errors of appends mean for what was sent, and those that the client has of its own. */
import { GoetheError, type GoetheErrorCode } from '@goethe/core'
import { appendRequestSize } from '@goethe/protocol'
import type { Group } from './append-group.js'

/** Errors after which it is certain that nothing was appended. */
export const harmless: ReadonlySet<GoetheErrorCode> = new Set([
  'GOETHE_CONFLICT',
  'GOETHE_EVENT_TOO_LARGE',
  'GOETHE_FORBIDDEN',
  'GOETHE_INVALID_ARGUMENT',
  'GOETHE_LIMIT',
  'GOETHE_READ_ONLY',
  'GOETHE_TIME_IN_FUTURE',
])

/**
 * True for what is wrong with one event of a group, so that the others are not to suffer. They go
 * behind what of their topic is under way already.
 */
export function isOfOneEvent({ code }: GoetheError): boolean {
  return code === 'GOETHE_EVENT_TOO_LARGE' || code === 'GOETHE_INVALID_ARGUMENT'
}

/** An append that the server would not take, and that is not sent therefore. */
export function tooLarge({ part }: Group, max: number): GoetheError {
  return new GoetheError(
    'GOETHE_EVENT_TOO_LARGE',
    `An append of ${appendRequestSize(part)} bytes for topic '${part.topic}' is larger than what ` +
      `the server takes in one message (limits.messageBytesMax, ${max})`,
    { details: { topic: part.topic } },
  )
}

/** It was sent, and may yet be answered, but not in time. */
export function noAnswerInTime(cause: GoetheError | undefined): GoetheError {
  return new GoetheError(
    'GOETHE_DEADLINE',
    'The append was sent, but no answer came in time: whether it was done is unknown',
    { cause },
  )
}

/** It was sent, and nothing is left that could bring its answer. */
export function answerLost(cause: GoetheError | undefined): GoetheError {
  return new GoetheError(
    'GOETHE_OUTCOME_UNKNOWN',
    'The append was sent, but the stream ended before its answer: whether it was done is unknown',
    { cause },
  )
}

/** Nothing was done. */
export function neverSent(cause: GoetheError | undefined): GoetheError {
  return new GoetheError(
    'GOETHE_UNAVAILABLE',
    'The append could not be sent in time: the server was away, or too slow',
    { cause },
  )
}

/** Every answer to it was that nothing was done, for a reason that might have passed. */
export function refusedAllTheTime(refusal: GoetheError): GoetheError {
  return new GoetheError(
    refusal.code,
    `The append was refused each time until its deadline; the last time: ${refusal.message}`,
    { cause: refusal, details: refusal.details },
  )
}
