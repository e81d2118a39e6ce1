import { InvalidArgumentError } from 'commander'

/** Ids are unsigned 64-bit; the last number of them stands for "behind all". */
const idMax = 2n ** 64n - 2n

/** The id of an event in decimal digits. */
export function parseEventId(digits: string): bigint {
  const id = /^\d{1,20}$/.test(digits) ? BigInt(digits) : undefined
  if (id !== undefined && id <= idMax) return id
  throw new InvalidArgumentError(
    `An event's id should be a whole number up to ${idMax}: nanoseconds since 1970.`,
  )
}
