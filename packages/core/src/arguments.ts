import { ArgumentError } from './errors.js'
import { describeValue } from './names.js'

/** Throws ArgumentError that names the option that is unknown and those that there are. */
export function checkOptions(options: unknown, known: readonly string[]): void {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null) {
    throw new ArgumentError(`Options are an object; got ${describeValue(options)}`)
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new ArgumentError(`Unknown option '${name}'; there are ${known.join(', ')}`)
  }
}

/** A whole number within bounds, or the default. Throws ArgumentError for anything else. */
export function checkNumber(
  name: string,
  value: number | undefined,
  bounds: { default: number; min: number; max?: number },
): number {
  if (value === undefined) return bounds.default
  const { min, max = Number.MAX_SAFE_INTEGER } = bounds
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  const upTo = bounds.max === undefined ? ` of at least ${min}` : ` from ${min} to ${max}`
  throw new ArgumentError(`'${name}' is a whole number${upTo}; got ${describeValue(value)}`)
}

/** Throws ArgumentError for what is neither undefined nor true nor false. */
export function checkBoolean(name: string, value: unknown): boolean {
  if (value === undefined) return false
  if (typeof value === 'boolean') return value
  throw new ArgumentError(`'${name}' is true or false; got ${describeValue(value)}`)
}

/** Throws ArgumentError for what is neither undefined nor an AbortSignal. */
export function checkSignal(signal: unknown): void {
  if (signal === undefined) return
  if (typeof signal === 'object' && signal !== null && 'addEventListener' in signal) return
  throw new ArgumentError(`'signal' is an AbortSignal; got ${describeValue(signal)}`)
}

/** How many to list in one page: 1 to 10,000, by default 1,000. Throws ArgumentError for others. */
export function checkPageLimit(limit: number | undefined): number {
  return checkNumber('limit', limit, { default: 1000, min: 1, max: 10_000 })
}
