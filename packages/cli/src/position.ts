import type { Position, TopicSelector } from '@goethe/core'
import { InvalidArgumentError } from 'commander'
import { parseDuration } from './duration.js'
import { parseEventId } from './event-id.js'
import { dateOfText } from './time.js'

/** A number with so many digits is no sequence any more but an id: nanoseconds since 1970. */
const idDigitsMin = 17
/** A number with so many digits could as well be meant as UNIX seconds or milliseconds. */
const ambiguousDigitsMin = 10
/** And such a number could be meant as a year. */
const yearPattern = /^(19[7-9]|20\d)\d$/

/** What positions may look like, for the help of every command that takes one. */
export const positionHelp = `Positions:
  start, end           the first event; behind the last one
  2019-05-03           a time, UTC unless it says otherwise: 2019-05-03T12:00+02:00
  -5m, -1h30m, -7d     so long ago (ms, s, m, h, d, w); now
  seq:42, or 42        the event of this sequence (in one topic)
  1767225600123456789  the event of this id
  after:ID             right behind the event of this id
  cursor:NAME          right behind what this consumer has committed (in one topic)
  What is not there means the nearest event after it, or before it when reading in reverse.`

/** Turns the text of a position into one; `now` is what relative times count from. */
export function positionParser(now: () => Date = () => new Date()): (text: string) => Position {
  return (text) => {
    if (text === 'start' || text === 'end') return text
    const [, kind, rest = ''] = /^(seq|after|cursor):(.*)$/s.exec(text) ?? []
    if (kind === 'cursor') return { cursor: consumerOf(rest) }
    if (kind === 'seq') return sequenceOf(rest)
    if (kind === 'after') return { after: parseEventId(rest) }
    if (/^\d+$/.test(text)) {
      if (text.length >= idDigitsMin) return parseEventId(text)
      if (text.length < ambiguousDigitsMin && !yearPattern.test(text)) return Number(text)
      throw new InvalidArgumentError(
        `It could be a sequence or a time. Write seq:${text} for a sequence, a date for a time.`,
      )
    }
    return timeOf(
      text,
      now,
      'start, end, a date such as 2026-01-31T12:00Z, a time ago such as -5m, a sequence such as ' +
        'seq:42, or an id',
    )
  }
}

/** A place that needs no topic: an id or a time. */
export function idOrTimeParser(
  now: () => Date = () => new Date(),
): (text: string) => bigint | Date {
  return (text) =>
    /^\d+$/.test(text) && text.length >= idDigitsMin
      ? parseEventId(text)
      : timeOf(text, now, 'a date such as 2026-01-31T12:00Z, a time ago such as -5m, or an id')
}

/** `'*'`, `prefix*` or the name of a topic. */
export function parseSelector(text: string): TopicSelector {
  return text.endsWith('*') && text !== '*' ? { prefix: text.slice(0, -1) } : text
}

function consumerOf(name: string): string {
  if (name !== '') return name
  throw new InvalidArgumentError('The name of a consumer should follow: cursor:billing.')
}

function sequenceOf(digits: string): number {
  if (/^\d{1,15}$/.test(digits)) return Number(digits)
  throw new InvalidArgumentError('A whole number should follow: seq:42.')
}

/** A date or a time ago; `expected` says what all could stand where the text does. */
function timeOf(text: string, now: () => Date, expected: string): Date {
  if (text === 'now') return now()
  if (/^-\d/.test(text)) {
    try {
      return new Date(now().getTime() - parseDuration(text.slice(1)))
    } catch {
      // It is neither a duration nor anything else: the sentence below says what it could be.
    }
  }
  const date = dateOfText(text)
  if (date !== undefined) return date
  throw new InvalidArgumentError(`It should be ${expected}.`)
}
