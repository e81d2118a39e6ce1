import type { Position, TopicSelector } from '@goethe/core'
import { idOrTimeOfText, nanoseconds, positionOfText } from '@goethe/core/contract'
import { valueOfText } from './parsed-text.js'

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
  return (text) => valueOfText(positionOfText(text, nanoseconds(now())))
}

/** A place that needs no topic: an id or a time. */
export function idOrTimeParser(
  now: () => Date = () => new Date(),
): (text: string) => bigint | Date {
  return (text) => valueOfText(idOrTimeOfText(text, nanoseconds(now())))
}

/** `'*'`, `prefix*` or the name of a topic. */
export function parseSelector(text: string): TopicSelector {
  return text.endsWith('*') && text !== '*' ? { prefix: text.slice(0, -1) } : text
}
