import type { Position } from '@goethe/core'
import { InvalidArgumentError, Option } from 'commander'

/** The option that every command has. */
export function dataOption(): Option {
  return new Option('-d, --data <directory>', 'the directory of the log')
    .env('GOETHE_DATA')
    .makeOptionMandatory()
}

/** A number with so many digits is no sequence any more but an id: nanoseconds since 1970. */
const idDigitsMin = 17

/** `start`, `end`, an id, a sequence or a date. */
export function parsePosition(text: string): Exclude<Position, object> | Date {
  if (text === 'start' || text === 'end') return text
  if (/^\d+$/.test(text)) return text.length < idDigitsMin ? Number(text) : BigInt(text)
  return parseDate(text)
}

/** An id or a date. */
export function parseIdOrDate(text: string): bigint | Date {
  return /^\d+$/.test(text) && text.length >= idDigitsMin ? BigInt(text) : parseDate(text)
}

/** A whole number from 1. */
export function parseLimit(text: string): number {
  const limit = Number(text)
  if (/^\d+$/.test(text) && limit >= 1 && Number.isSafeInteger(limit)) return limit
  throw new InvalidArgumentError('It is a whole number from 1.')
}

function parseDate(text: string): Date {
  const date = /^\d{4}-\d\d/.test(text) ? new Date(text) : new Date(NaN)
  if (!Number.isNaN(date.getTime())) return date
  throw new InvalidArgumentError('It is neither a date such as 2026-01-31T12:00Z nor an id.')
}
