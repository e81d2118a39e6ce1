import { dateOfText } from '@goethe/core/contract'

/**
 * UNIX nanoseconds of what a field of an event may hold: an ISO date, or a number of seconds,
 * milliseconds, microseconds or nanoseconds since 1970, told apart by their size (they do not
 * overlap between 1973 and 5138). Undefined for what is no time.
 */
export function nanosecondsOf(value: unknown): bigint | undefined {
  if (typeof value === 'string' && !/^\d+(\.\d+)?$/.test(value)) {
    const date = dateOfText(value)
    return date === undefined || date.getTime() < 0 ? undefined : precise(date, value)
  }
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const number = Number(value)
  if (!Number.isFinite(number) || number < 0) return undefined
  if (number >= 1e17) return BigInt(value)
  const scale = number < 1e11 ? 1e9 : number < 1e14 ? 1e6 : 1e3
  const whole = Math.floor(number)
  return BigInt(whole) * BigInt(scale) + BigInt(Math.round((number - whole) * scale))
}

/** A date in ISO 8601 without what is zero at its end. */
export function formatTime(date: Date): string {
  return date.toISOString().replace(/\.000Z$/, 'Z')
}

/** A Date ends at milliseconds; what was written beyond them is kept. */
function precise(date: Date, text: string): bigint {
  const digits = /\.(\d+)/.exec(text)?.[1] ?? ''
  return BigInt(date.getTime()) * 1_000_000n + BigInt(digits.padEnd(9, '0').slice(3, 9))
}
