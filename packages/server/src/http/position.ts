/** Positions and times as they are written in a URL, in the grammar of core's `position-text.ts`. */
import { GoetheError, type Position } from '@goethe/core'
import {
  type ParsedText,
  eventIdOfText,
  idOrTimeOfText,
  positionOfText,
} from '@goethe/core/contract'

export const positionHelp =
  'start, end, an id, after:<id>, seq:<sequence>, cursor:<consumer>, a date such as 2026-01-31T12:00Z, or a time ago such as -5m'

/** What `text` says, with `now` as the time to which `-5m` refers. */
export function parsePosition(name: string, text: string, now: bigint): Position {
  return valueOf(name, text, positionOfText(withPlus(text), now))
}

/** An id, a date, or a time ago. */
export function parseTime(name: string, text: string, now: bigint): bigint | Date {
  return valueOf(name, text, idOrTimeOfText(withPlus(text), now))
}

/** The id that a client of server-sent events saw last. */
export function parseEventId(name: string, text: string): bigint {
  return valueOf(name, text, eventIdOfText(text))
}

/** A plus in a query is a space, unless it was encoded: here it can only be that of a zone. */
function withPlus(text: string): string {
  return text.replace(/(:\d\d(?:\.\d+)?) (\d\d:?\d\d)$/, '$1+$2')
}

function valueOf<Value>(name: string, text: string, parsed: ParsedText<Value>): Value {
  if ('value' in parsed) return parsed.value
  throw new GoetheError(
    'GOETHE_INVALID_ARGUMENT',
    `'${name}' is '${text.slice(0, 60)}', but should be ${parsed.expected}`,
  )
}
