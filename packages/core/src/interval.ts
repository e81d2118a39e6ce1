/** A width of time: a whole number of minutes, hours, days or weeks, such as '15m', '1h', '1d'. */
import { ArgumentError } from './errors.js'
export type Interval = `${number}${'m' | 'h' | 'd' | 'w'}`

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** The milliseconds of an interval. Throws ArgumentError where it is malformed, zero or over a year. */
export function intervalMs(interval: Interval): number {
  const match = typeof interval === 'string' ? /^([1-9]\d{0,5})([mhdw])$/.exec(interval) : null
  const ms = match ? Number(match[1]) * unitMs[match[2] as keyof typeof unitMs] : 0
  if (ms === 0 || ms > 366 * unitMs.d) {
    throw new ArgumentError(
      `An interval is a whole number with m, h, d or w, such as '15m', '1h' or '1d', and at most ` +
        `a year; got ${JSON.stringify(interval)}`,
    )
  }
  return ms
}
