import type { Position, TopicSelector } from './read-api.js'
import { nanoseconds } from './clock.js'
import { ArgumentError } from './errors.js'
import { describeValue, nameBytes } from './names.js'

/** Above every id. */
export const beyondAllIds = 2n ** 64n - 1n

/** A position as an argument: valid, but perhaps not looked up yet. */
export type CheckedPosition =
  | { type: 'start' }
  | { type: 'end' }
  /** The first event with this id or a higher one. */
  | { type: 'id'; id: bigint }
  | { type: 'sequence'; sequence: number }
  | { type: 'cursor'; consumer: string }

/** Throws ArgumentError for what is no position, or none in several topics. */
export function checkPosition(position: Position, singleTopic: boolean): CheckedPosition {
  if (position === 'start') return { type: 'start' }
  if (position === 'end') return { type: 'end' }
  if (typeof position === 'bigint') return { type: 'id', id: checkId(position) }
  if (position instanceof Date) return { type: 'id', id: checkTime(position) }
  if (typeof position === 'number') {
    if (!singleTopic)
      throw new ArgumentError('A sequence is a position in one topic, not in several')
    if (!Number.isSafeInteger(position) || position < 0) {
      throw new ArgumentError(
        `A sequence is a whole number (ids are bigint, times are Date); got ${position}`,
      )
    }
    return { type: 'sequence', sequence: position }
  }
  if (typeof position === 'object' && position !== null) {
    const keys = Object.keys(position)
    if (keys.length === 1 && 'after' in position && typeof position.after === 'bigint') {
      return { type: 'id', id: checkId(position.after) + 1n }
    }
    if (keys.length === 1 && 'cursor' in position) {
      if (!singleTopic)
        throw new ArgumentError('A cursor is a position in one topic, not in several')
      nameBytes('consumer', position.cursor)
      return { type: 'cursor', consumer: position.cursor }
    }
  }
  throw new ArgumentError(
    "A position is 'start', 'end', an id (bigint), a sequence (number), a Date, { after: id } or " +
      `{ cursor: consumer }; got ${describeValue(position)}`,
  )
}

/** 2000-01-01 in UNIX milliseconds: from here on a number may be meant as a time. */
const timeMsMin = Date.UTC(2000, 0, 1)

/** Nobody who means a sequence asks for one that is so far behind the last event. */
const sequencesBeyondMax = 1_000_000_000

/**
 * Throws ArgumentError for a sequence that is probably a time, such as `Date.now()`: it would name no
 * event, or, where events are removed before it, all of them.
 */
export function checkNoTime(
  sequence: number,
  { topic, lastSequence }: { topic: string; lastSequence: number },
): void {
  if (sequence < timeMsMin || sequence - lastSequence < sequencesBeyondMax) return
  throw new ArgumentError(
    `A number is a sequence, and ${sequence} is far beyond the last one of topic '${topic}', ` +
      `${lastSequence}; a time is a Date, an id is a bigint`,
  )
}

/** UNIX nanoseconds of an id or a time. Throws ArgumentError for anything else. */
export function checkIdOrTime(name: string, value: unknown): bigint {
  if (typeof value === 'bigint') return checkId(value)
  if (value instanceof Date) return checkTime(value)
  throw new ArgumentError(`'${name}' is an id (bigint) or a Date; got ${describeValue(value)}`)
}

function checkId(id: bigint): bigint {
  if (id < 0n || id >= beyondAllIds) {
    throw new ArgumentError(`An id is a whole number from 0 to ${beyondAllIds - 1n}; got ${id}`)
  }
  return id
}

function checkTime(time: Date): bigint {
  if (Number.isNaN(time.getTime()))
    throw new ArgumentError('A time is a valid Date; got Invalid Date')
  // Before 1970 there are no events: the nearest is the first.
  const id = nanoseconds(time)
  // Nor are there any behind the last id that there can be, which a Date can be.
  return id < 0n ? 0n : id < beyondAllIds ? id : beyondAllIds - 1n
}

/** Which topics a selector names. */
export type CheckedSelector =
  | { type: 'topic'; topic: string }
  | { type: 'prefix'; prefix: string; matches(topic: string): boolean }

/** Throws ArgumentError for what is no selector. */
export function checkSelector(selector: TopicSelector): CheckedSelector {
  if (selector === '*') return { type: 'prefix', prefix: '', matches: () => true }
  if (typeof selector === 'string') {
    nameBytes('topic', selector)
    return { type: 'topic', topic: selector }
  }
  if (typeof selector === 'object' && selector !== null && 'prefix' in selector) {
    const { prefix } = selector
    if (prefix !== '') nameBytes('topic', prefix)
    return { type: 'prefix', prefix, matches: (topic) => topic.startsWith(prefix) }
  }
  throw new ArgumentError(
    `Topics are one by name, { prefix } or '*'; got ${describeValue(selector)}`,
  )
}
