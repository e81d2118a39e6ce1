/** Positions and times as they are written in a URL. */
import { GoetheError, type Position } from '@goethe/core'

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** An id with fewer digits would be of April 1970 or before: it is a sequence without its `seq:`. */
const idDigitsMin = 17

/** A month or a day; perhaps with a time, and behind that a zone. */
const datePattern =
  /^(\d{4}-\d\d(?:-\d\d)?)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[ +-]\d\d:?\d\d)?)?$/i

export const positionHelp =
  'start, end, an id, after:<id>, seq:<sequence>, cursor:<consumer>, a date such as 2026-01-31T12:00Z, or a time ago such as -5m'

/** What `text` says, with `now` as the time to which `-5m` refers. */
export function parsePosition(name: string, text: string, now: bigint): Position {
  if (text === 'start' || text === 'end') return text
  const [, kind, rest = ''] = /^(after|seq|cursor):(.*)$/s.exec(text) ?? []
  if (kind === 'cursor') return { cursor: rest }
  if (kind === 'seq' && /^\d{1,16}$/.test(rest)) return Number(rest)
  if (kind === 'after' && /^\d{1,20}$/.test(rest)) return { after: BigInt(rest) }
  const time = kind === undefined ? parseIdOrDate(text, now) : undefined
  if (time !== undefined) return time
  throw invalid(name, text, positionHelp)
}

/** An id, a date, or a time ago. */
export function parseTime(name: string, text: string, now: bigint): bigint | Date {
  const time = parseIdOrDate(text, now)
  if (time !== undefined) return time
  throw invalid(name, text, 'an id, a date such as 2026-01-31T12:00Z, or a time ago such as -5m')
}

/** The id that a client of server-sent events saw last. */
export function parseEventId(name: string, text: string): bigint {
  if (/^\d{1,20}$/.test(text)) return BigInt(text)
  throw invalid(name, text, 'the id of an event')
}

function parseIdOrDate(text: string, now: bigint): bigint | Date | undefined {
  if (/^\d+$/.test(text)) {
    return text.length >= idDigitsMin && text.length <= 20 ? BigInt(text) : undefined
  }
  if (text === 'now') return now
  const agoMs = durationMs(text.slice(1))
  if (text.startsWith('-') && agoMs !== undefined) {
    const then = now - BigInt(agoMs) * 1_000_000n
    return then < 0n ? 0n : then
  }
  const [, day, time, zone = 'Z'] = datePattern.exec(text) ?? []
  if (day === undefined) return undefined
  // A plus in a query is a space, unless it was encoded. Without a zone the runtime would take the
  // one of its machine, which callers do not know.
  const date = new Date(time === undefined ? day : `${day}T${time}${zone.replace(' ', '+')}`)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** The milliseconds of `5m` or `1h30m`. */
function durationMs(text: string): number | undefined {
  if (!/^(\d{1,9}(ms|[smhdw]))+$/.test(text)) return undefined
  const parts = text.matchAll(/(\d+)(ms|[smhdw])/g)
  return [...parts].reduce((sum, [, count, unit]) => {
    return sum + Number(count) * unitMs[unit as keyof typeof unitMs]
  }, 0)
}

function invalid(name: string, text: string, expected: string): GoetheError {
  const hint = /^\d+$/.test(text) ? `; sequence ${text} is written seq:${text}` : ''
  return new GoetheError(
    'GOETHE_INVALID_ARGUMENT',
    `'${name}' is '${text.slice(0, 60)}', but should be ${expected}${hint}`,
  )
}
