import type { AbortSignalLike } from './abort-signal.js'
import type { LogEvent } from './log-event.js'

/** One topic, all topics whose name starts with `prefix`, or '*' for the whole log. */
export type TopicSelector = string | { readonly prefix: string }

/**
 * A place in a topic or in the log. What does not exist means the nearest event: reading forward
 * the first one at or after it, reading in reverse the last one at or before it.
 */
export type Position =
  | 'start'
  | 'end'
  /** An event's id. */
  | bigint
  /** An event's sequence (one topic only). One that can only be meant as a time is refused. */
  | number
  /** A point in time. */
  | Date
  /** Right behind the event of this id. */
  | { readonly after: bigint }
  /** Right behind the committed position of this consumer (one topic only). */
  | { readonly cursor: string }

/**
 * How new the answer of a read is at least, in a cluster. A log in this process and a server that
 * stands alone are linearizable always: there the two are the same.
 *
 * - 'local': as new as what the member that is asked has stored. That is mostly a few milliseconds
 *   behind the leader, and further where the two do not reach each other.
 * - 'linearizable': everything that was acknowledged to anybody, and shown to anybody, before the
 *   read began. The leader tells what that is, once the other members have confirmed that it leads
 *   still: it costs a round trip among them, and one more at a follower. GOETHE_UNAVAILABLE where
 *   nobody can tell at the moment. Followers that are far behind, or were told not to ask the leader,
 *   reject with GOETHE_NOT_LEADER, by which clients find it.
 */
export type Consistency = 'local' | 'linearizable'

/** What goes for every read of which it can be asked how new it is. */
export interface ConsistencyOptions {
  /** Default: 'local'. */
  consistency?: Consistency | undefined
}

/** A linearizable read that follows begins so; what comes later it shows as it comes. */
export interface ReadOptions extends ConsistencyOptions {
  /** Default: 'start', or 'end' when `reverse`. */
  from?: Position | undefined
  /** Read up to here: events whose id or time is below it (in reverse: above it). Default: no end. */
  to?: bigint | Date | undefined
  /** Newest first. Default: false. */
  reverse?: boolean | undefined
  /** At most so many events. Default: no limit. */
  limit?: number | undefined
  /** At the end, wait for what is appended next. Not with `reverse`. Default: false. */
  follow?: boolean | undefined
  /** Ends the read with GOETHE_ABORTED, also while it waits. */
  signal?: AbortSignalLike | undefined
}

/**
 * Events in order, pulled by whoever iterates. Each iteration starts anew from the options given
 * to `read`. Rejects with GOETHE_CORRUPT at bytes that are not what was written, GOETHE_CLOSED
 * when the log closes, GOETHE_ABORTED by the signal.
 */
export interface EventReader extends AsyncIterable<LogEvent> {
  [Symbol.asyncIterator](): AsyncIterableIterator<LogEvent>
  /** The same events in arrays, as they come from the store: a whole block or more at a time. */
  batches(): AsyncIterableIterator<LogEvent[]>
  /** All events in one array; not for `follow`. */
  toArray(): Promise<LogEvent[]>
}

export interface SeekOptions extends ConsistencyOptions {
  /** Default: 'next', the first event at or after the position. */
  nearest?: 'next' | 'previous' | 'closest' | undefined
}
