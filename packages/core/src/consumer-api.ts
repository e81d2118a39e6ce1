import type { AbortSignalLike } from './abort-signal.js'
import type { LogEvent } from './log-event.js'
import type { Position } from './read-api.js'

export interface ConsumerOptions {
  /** Where a consumer without a stored position starts. Default: 'start'. */
  from?: Exclude<Position, { cursor: string }> | undefined
  /** Deliveries that this instance may hold unacknowledged, 1 to 10,000. Default: 256. */
  maxInFlight?: number | undefined
  /**
   * After so many milliseconds without ack, nack or extend an event is delivered again. Default:
   * 30,000.
   */
  ackTimeoutMs?: number | undefined
  /**
   * Deliveries of one event before it goes to `deadLetter`, with those that a crash has ended. Only
   * together with `deadLetter`. Default: no limit.
   */
  maxAttempts?: number | undefined
  /**
   * The topic to which an event is appended whose attempts are used up, in one atomic write with its
   * settlement. Only together with `maxAttempts`. Default: none.
   */
  deadLetter?: string | undefined
  /** Ends the consumer with GOETHE_ABORTED; what it holds goes to other instances. */
  signal?: AbortSignalLike | undefined
}

/**
 * One instance of a consumer. All instances of a name share the events of the topic: each event
 * goes to one of them, at least once. Leaving the loop or closing gives back what it holds. The loop
 * rejects with GOETHE_FENCED when the cursor of that name is taken over or deleted by somebody else,
 * GOETHE_ABORTED by the signal, GOETHE_CLOSED when the log closes, and with what ends its reading or
 * storing.
 */
export interface ConsumerApi extends AsyncIterable<Delivery> {
  readonly topic: string
  readonly consumer: string
  [Symbol.asyncIterator](): AsyncIterableIterator<Delivery>
  /** Gives back what it holds; the loop over it ends. Idempotent. */
  close(): Promise<void>
  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void>
}

/** An event on its way through a consumer. */
export interface Delivery {
  readonly event: LogEvent
  /** 1 the first time, one more each time it is delivered again. */
  readonly attempt: number
  /**
   * The event is handled; resolves when that is stored. Those of many deliveries are stored together:
   * there is no need to wait for one before the next. Rejects with GOETHE_DELIVERY_EXPIRED when the
   * delivery has ended before.
   */
  ack(): Promise<void>
  /** The event was not handled, and is delivered again; resolves and rejects as `ack` does. */
  nack(options?: NackOptions): Promise<void>
  /** Starts the acknowledgement time-out anew. Throws GOETHE_DELIVERY_EXPIRED when it is too late. */
  extend(): void
}

export interface NackOptions {
  /** Milliseconds until the event may be delivered again. Default: 0. */
  delayMs?: number | undefined
}
