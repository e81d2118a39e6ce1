/**
 * The session of a cursor is a fencing token: whoever takes the cursor over raises it, so that a
 * commit under an older one is refused.
 */
import type { CursorRecord } from './cursor-record.js'
import { GoetheError } from './errors.js'

/** Throws GOETHE_FENCED unless the session still owns the cursor. */
export function checkSession(
  record: CursorRecord,
  session: number | undefined,
  topic: string,
  consumer: string,
): void {
  if (record.session === session) return
  throw fencedError(topic, consumer, 'taken over by somebody else; read again to take it back')
}

/** `what` was done to the cursor by somebody else. */
export function fencedError(topic: string, consumer: string, what: string): GoetheError {
  return new GoetheError(
    'GOETHE_FENCED',
    `The cursor of consumer '${consumer}' in topic '${topic}' was ${what}`,
    { details: { topic, consumer } },
  )
}
