/** How whoever appends is told that a write has failed, or that none comes behind one that has. */
import { GoetheError, type GoetheErrorCode, isGoetheError } from './errors.js'

/** Of a commit that the store did not write, in the store's words where it speaks those of the log. */
export function writeFailure(cause: unknown): GoetheError {
  if (isGoetheError(cause)) return cause
  return new GoetheError(
    'GOETHE_WRITE_FAILED',
    `The store could not write a commit: ${(cause as Error).message}. Nothing of it is ` +
      'visible; the log takes no more appends until it is closed and opened again',
    { cause },
  )
}

/** What goes for any write, and not for the one alone that has met it. */
const ofWholeStore: ReadonlySet<GoetheErrorCode> = new Set([
  'GOETHE_CLOSED',
  'GOETHE_NOT_LEADER',
  'GOETHE_READ_ONLY',
  'GOETHE_UNAVAILABLE',
  'GOETHE_WRITE_FAILED',
])

/** Of all that comes behind the failed commit: the store has not seen it, so it was not done. */
export function refusalBehind(failure: GoetheError): GoetheError {
  if (ofWholeStore.has(failure.code)) return failure
  return new GoetheError(
    'GOETHE_UNAVAILABLE',
    `Nothing was done, because a commit before this one ended with ${failure.code}; the log takes ` +
      'no more appends until it is closed and opened again',
    { cause: failure },
  )
}

/** Of a store that promised to keep the order of its writes, and has not. */
export function outOfOrder(): Error {
  return new Error('a write before it failed')
}

/** One error object for each caller: stack and handlers are its own. */
export function copyOf({ code, message, cause, details }: GoetheError): GoetheError {
  return new GoetheError(code, message, { cause, details })
}
