import type { Consistency, Position, ReadOptions, SeekOptions, TopicSelector } from './read-api.js'
import { checkBoolean, checkNumber, checkOptions, checkSignal } from './arguments.js'
import { checkConsistency } from './consistency.js'
import { ArgumentError } from './errors.js'
import { describeValue, nameBytes } from './names.js'
import {
  type CheckedPosition,
  type CheckedSelector,
  checkIdOrTime,
  checkPosition,
  checkSelector,
} from './position.js'
import type { ReaderBounds } from './reader.js'

/** The arguments of a read: valid, and with their defaults. */
export interface CheckedRead {
  selector: CheckedSelector
  from: CheckedPosition
  reverse: boolean
  follow: boolean
  consistency: Consistency
  bounds: ReaderBounds
}

/** Throws ArgumentError for wrong arguments of `read`. */
export function checkRead(topics: TopicSelector, options: ReadOptions): CheckedRead {
  checkOptions(options, ['from', 'to', 'reverse', 'limit', 'follow', 'consistency', 'signal'])
  const selector = checkSelector(topics)
  const reverse = checkBoolean('reverse', options.reverse)
  const follow = checkBoolean('follow', options.follow)
  const consistency = checkConsistency(options.consistency)
  checkSignal(options.signal)
  if (reverse && follow) throw new ArgumentError("'follow' goes forward, not in reverse")
  const from = checkPosition(
    options.from === undefined ? (reverse ? 'end' : 'start') : options.from,
    selector.type === 'topic',
  )
  if (reverse && isAfter(options.from)) {
    throw new ArgumentError('{ after: id } is a position to go forward from, not in reverse')
  }
  const bounds: ReaderBounds = {
    reverse,
    limit: checkLimit(options.limit),
    to: options.to === undefined ? undefined : checkIdOrTime('to', options.to),
  }
  return { selector, from, reverse, follow, consistency, bounds }
}

/** Throws ArgumentError for what is no number of events; undefined means no limit. */
export function checkLimit(limit: number | undefined): number {
  return checkNumber('limit', limit, { default: Infinity, min: 0 })
}

/** Throws ArgumentError for wrong arguments of `seek`. */
export function checkSeek(
  topic: string,
  position: Position,
  options: SeekOptions,
): {
  from: CheckedPosition
  nearest: 'next' | 'previous' | 'closest'
  consistency: Consistency
} {
  checkOptions(options, ['nearest', 'consistency'])
  nameBytes('topic', topic)
  const { nearest = 'next' } = options
  if (nearest !== 'next' && nearest !== 'previous' && nearest !== 'closest') {
    throw new ArgumentError(
      `'nearest' is 'next', 'previous' or 'closest'; got ${describeValue(nearest)}`,
    )
  }
  const consistency = checkConsistency(options.consistency)
  return { from: checkPosition(position, true), nearest, consistency }
}

function isAfter(position: Position | undefined): boolean {
  return typeof position === 'object' && 'after' in position
}
