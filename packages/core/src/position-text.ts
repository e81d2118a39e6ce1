/**
 * Positions as people write them, on a command line and in a URL:
 *
 *     position    start | end | seq:SEQUENCE | after:ID | cursor:CONSUMER | place | SEQUENCE
 *     place       ID | DATE | now | -DURATION
 *     ID          17 to 20 digits: nanoseconds since 1970
 *     SEQUENCE    1 to 9 digits; more behind `seq:`, where they cannot be meant as a time
 *     DATE        2026-01, 2026-01-31, 2026-01-31T12:00 with seconds and zone; UTC without one
 *     DURATION    500ms, 30s, 1.5h, 1h30m, 7d, 2w
 */
import type { Position } from './read-api.js'
import { dateOfText } from './date-text.js'
import { durationMsOfText } from './duration-text.js'
import { beyondAllIds } from './position.js'

/** What a text says, or what should stand in its place. */
export type ParsedText<Value> = { readonly value: Value } | { readonly expected: string }

/** A number with so many digits is no sequence any more but an id: nanoseconds since 1970. */
const idDigitsMin = 17
/** A number with so many digits could as well be meant as UNIX seconds or milliseconds. */
const ambiguousDigitsMin = 10
/** And such a number could be meant as a year. */
const yearPattern = /^(19[7-9]|20\d)\d$/

/** `now`, in UNIX nanoseconds, is what times ago count from. */
export function positionOfText(text: string, now: bigint): ParsedText<Position> {
  if (text === 'start' || text === 'end') return { value: text }
  const [, kind, rest = ''] = /^(seq|after|cursor):(.*)$/s.exec(text) ?? []
  if (kind === 'cursor') {
    if (rest === '') return { expected: "a consumer's name behind cursor:, as cursor:billing" }
    return { value: { cursor: rest } }
  }
  if (kind === 'seq') {
    if (/^\d{1,15}$/.test(rest)) return { value: Number(rest) }
    return { expected: 'a whole number behind seq:, as seq:42' }
  }
  if (kind === 'after') {
    const id = eventIdOfText(rest)
    return 'value' in id ? { value: { after: id.value } } : id
  }
  if (/^\d+$/.test(text) && text.length < idDigitsMin) {
    if (text.length < ambiguousDigitsMin && !yearPattern.test(text)) return { value: Number(text) }
    return { expected: `seq:${text} where it is a sequence, or a date where it is a time` }
  }
  const expected =
    'start, end, a date such as 2026-01-31T12:00Z, a time ago such as -5m, a sequence such as ' +
    'seq:42, an id, after:ID or cursor:CONSUMER'
  return placeOf(text, now, expected)
}

/** A place that needs no topic: an id or a time. */
export function idOrTimeOfText(text: string, now: bigint): ParsedText<bigint | Date> {
  const expected = 'a date such as 2026-01-31T12:00Z, a time ago such as -5m, or an id'
  if (/^\d+$/.test(text) && text.length < idDigitsMin) return { expected }
  return placeOf(text, now, expected)
}

/** The id of an event in decimal digits. */
export function eventIdOfText(digits: string): ParsedText<bigint> {
  const id = /^\d{1,20}$/.test(digits) ? BigInt(digits) : undefined
  if (id !== undefined && id < beyondAllIds) return { value: id }
  return {
    expected: `an event's id, a whole number up to ${beyondAllIds - 1n}: nanoseconds since 1970`,
  }
}

/** An id, a date or a time ago. */
function placeOf(text: string, now: bigint, expected: string): ParsedText<bigint | Date> {
  if (/^\d+$/.test(text)) return eventIdOfText(text)
  if (text === 'now') return { value: now }
  const agoMs = text.startsWith('-') ? durationMsOfText(text.slice(1)) : undefined
  if (agoMs !== undefined) {
    const then = now - BigInt(agoMs) * 1_000_000n
    return { value: then < 0n ? 0n : then }
  }
  const value = dateOfText(text)
  return value === undefined ? { expected } : { value }
}
