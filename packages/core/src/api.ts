import type { Interval } from './interval.js'
import type { LogEvent } from './log-event.js'

/**
 * The contract of an event log, whether it lies in this process or behind a server. Ids are
 * `bigint` (UNIX nanoseconds, unique and ascending in the whole log), sequences are numbers
 * (1, 2, 3 … without gaps, per topic).
 */
export interface EventLogApi {
  /**
   * Appends one event or several, which then have consecutive ids and sequences. Resolves once they
   * are stored as durably as the log was opened for, and visible to readers. The bytes must not change
   * until then. Rejects with GOETHE_CONFLICT, GOETHE_EVENT_TOO_LARGE, GOETHE_PRODUCER_SEQUENCE,
   * GOETHE_READ_ONLY, GOETHE_WRITE_FAILED; behind a server also with GOETHE_UNAVAILABLE,
   * GOETHE_FORBIDDEN, and where the outcome is unknown with GOETHE_DEADLINE or GOETHE_OUTCOME_UNKNOWN.
   */
  append(
    topic: string,
    payloads: Uint8Array | readonly Uint8Array[],
    options?: AppendOptions,
  ): Promise<Receipt>
  /**
   * Appends to several topics, all or nothing, and only if every expectation is met. Receipts come in
   * the order of the entries. Rejects as `append` does.
   */
  appendAll(entries: readonly AppendEntry[], options?: AppendAllOptions): Promise<Receipt[]>
  /**
   * Reads one topic, or several in the one order of the log, with topics that come to be meanwhile.
   * Nothing is read before it is iterated; it can be iterated more than once. A topic that does not
   * exist has no events, which is no error.
   */
  read(topics: TopicSelector, options?: ReadOptions): EventReader
  /**
   * The event at a position: 'next' (default) the first at or after it, 'previous' the last at or
   * before it, 'closest' whichever is nearer in time. Undefined where there is none.
   */
  seek(topic: string, position: Position, options?: SeekOptions): Promise<LogEvent | undefined>
  /** The named position of a consumer in a topic, for one reader that remembers where it was. */
  cursor(topic: string, consumer: string, options?: CursorOptions): CursorApi
  /** An instance of a consumer: all instances of one name share the topic's events. */
  consumer(topic: string, consumer: string, options?: ConsumerOptions): ConsumerApi
  /** The names of topics in the order of their bytes, a page at a time. */
  topics(options?: TopicsOptions): Promise<string[]>
  /** What there is to know of a topic. Rejects with GOETHE_TOPIC_NOT_FOUND. */
  describe(topic: string, options?: ConsistencyOptions): Promise<TopicDescription>
  /** Events and bytes by time, from the index alone: in buckets as wide as asked, in UTC. */
  histogram(topics: TopicSelector, options?: HistogramOptions): Promise<HistogramBucket[]>
  /** The cursors of all topics, or of one, by topic and consumer, a page at a time. */
  cursors(options?: CursorsOptions): Promise<CursorDescription[]>
  /**
   * Removes a topic's events before an id, a sequence or a time, but none that a holding cursor has
   * not passed. Rejects with GOETHE_TOPIC_NOT_FOUND.
   */
  trim(topic: string, options: TrimOptions): Promise<TrimResult>
  /**
   * Sets what a topic keeps, in place of what was set before; null keeps all. Bounds are
   * enforced from time to time, by default every minute. Rejects with GOETHE_TOPIC_NOT_FOUND.
   */
  setRetention(topic: string, retention: Retention | null): Promise<void>
  /**
   * Removes a topic with its events, cursors, producers and settings; appending to it begins a new one
   * with sequence 1. Rejects with GOETHE_TOPIC_NOT_FOUND.
   */
  deleteTopic(topic: string): Promise<void>
  /**
   * Checks everything that is stored: checksums, order, sequences, commits, index, cursors. Yields
   * progress and each problem that it finds, and goes on behind it.
   */
  verify(options?: VerifyOptions): AsyncIterableIterator<VerifyStep>
  /**
   * Writes the whole log, or what came after an id, as one checksummed stream: the log of one moment,
   * whatever is appended meanwhile.
   */
  exportTo(sink: ByteSink, options?: ExportOptions): Promise<TransferResult>
  /**
   * Restores an export into an empty log, with its ids and sequences. After an interruption, call it
   * with the same export again; later incremental exports can follow. Rejects with GOETHE_NOT_EMPTY,
   * GOETHE_CORRUPT.
   */
  importFrom(source: AsyncIterable<Uint8Array>, options?: ImportOptions): Promise<TransferResult>
  /** Finishes what was accepted, and ends readers and consumers with GOETHE_CLOSED. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** How safe an acknowledged event is: in this process, with the operating system, on the disk. */
export type Durability = 'memory' | 'os' | 'fsync'

/** What the topic must look like for an append to happen. */
export type Expectation =
  /** Nothing was ever appended to the topic. */
  | 'empty'
  /** The id of the topic's last event. */
  | bigint
  /** The sequence of the topic's last event; 0 means 'empty'. */
  | number

/** Makes a retry safe: the same sequence of a producer is appended once and acknowledged alike. */
export interface ProducerSequence {
  /** Names the producer, 1 to 255 bytes. */
  id: string
  /** 1 higher than that of the producer's append before to this topic; the first may be any. */
  sequence: number
}

/** What goes for one append. */
export interface AppendConditions {
  /** Rejects with GOETHE_CONFLICT unless the topic is in this state. Default: any state. */
  expect?: Expectation | undefined
  producer?: ProducerSequence | undefined
  /**
   * For imports: the first id becomes that time, or the id after the last one of the log where
   * that is higher. Default: the time of receipt.
   */
  time?: Date | bigint | undefined
}

export interface AppendOptions extends AppendConditions {
  /** Aborts the append while it waits for its turn; a write under way is not taken back. */
  signal?: AbortSignalLike | undefined
}

/**
 * One topic's part of an appendAll. What it expects is what the topic is before the appendAll, also
 * where another part goes to the same topic.
 */
export interface AppendEntry extends AppendConditions {
  topic: string
  payloads: Uint8Array | readonly Uint8Array[]
}

export interface AppendAllOptions {
  /** Aborts the append while it waits for its turn. */
  signal?: AbortSignalLike | undefined
}

/** The acknowledgement of an append. */
export interface Receipt {
  topic: string
  firstId: bigint
  lastId: bigint
  firstSequence: number
  lastSequence: number
  count: number
  durability: Durability
  /** True when a producer repeated itself: this is the receipt of the first time. */
  repeated: boolean
}

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
  /** Read up to here: events whose id or time is below it (in reverse: above it). */
  to?: bigint | Date | undefined
  /** Newest first. Default: false. */
  reverse?: boolean | undefined
  /** At most so many events. Default: no limit. */
  limit?: number | undefined
  /** At the end, wait for what is appended next. Default: false. */
  follow?: boolean | undefined
  /** Ends the read with GOETHE_ABORTED. */
  signal?: AbortSignalLike | undefined
}

/**
 * Events in order, pulled by whoever iterates. Each iteration starts anew from the options given
 * to `read`. Rejects with GOETHE_CORRUPT at bytes that are not what was written, GOETHE_CLOSED
 * when the log closes, GOETHE_ABORTED by the signal.
 */
export interface EventReader extends AsyncIterable<LogEvent> {
  [Symbol.asyncIterator](): AsyncIterableIterator<LogEvent>
  /** The same events in arrays as they come from the store, for those who want speed. */
  batches(): AsyncIterableIterator<LogEvent[]>
  /** All events in one array; not for `follow`. */
  toArray(): Promise<LogEvent[]>
}

export interface SeekOptions extends ConsistencyOptions {
  /** Default: 'next', the first event at or after the position. */
  nearest?: 'next' | 'previous' | 'closest' | undefined
}

/** An event, or what identifies it. */
export interface EventReference {
  readonly id: bigint
  readonly sequence: number
}

export interface CursorOptions {
  /** Keeps trim and retention from removing what this cursor has not passed. Default: unchanged. */
  hold?: boolean | undefined
}

export interface CursorReadOptions {
  /** Start here instead of where the consumer left off. */
  from?: Position | undefined
  limit?: number | undefined
  follow?: boolean | undefined
  signal?: AbortSignalLike | undefined
}

/** Where a consumer stands. */
export interface CursorPosition {
  /** The id of the last event that was handled; 0n before the first. */
  id: bigint
  /** Its sequence; 0 before the first. */
  sequence: number
  /** When it was committed last. */
  updatedAt: Date
}

/**
 * The named position of a consumer in a topic. Reading or committing takes the cursor over; a
 * commit by whoever had it before then rejects with GOETHE_FENCED.
 */
export interface CursorApi {
  readonly topic: string
  readonly consumer: string
  /** Reads on behind the committed position; from the topic's start when there is none. */
  read(options?: CursorReadOptions): EventReader
  /** Notes that all events up to and including this one are handled. */
  commit(event: EventReference): Promise<void>
  /** Moves the cursor so that the next event read is the nearest at or after the position. */
  seek(position: Exclude<Position, { cursor: string }>): Promise<void>
  /** Events of the topic that are not handled yet. */
  lag(options?: ConsistencyOptions): Promise<number>
  /** The committed position, or undefined when nothing was committed yet. */
  position(options?: ConsistencyOptions): Promise<CursorPosition | undefined>
  /** Forgets the cursor. */
  delete(): Promise<void>
}

export interface ConsumerOptions {
  /** Where a consumer without a stored position starts. Default: 'start'. */
  from?: Exclude<Position, { cursor: string }> | undefined
  /** Deliveries that this instance may hold unacknowledged. Default: 256. */
  maxInFlight?: number | undefined
  /** After so long without ack, nack or extend an event is delivered again. Default: 30,000. */
  ackTimeoutMs?: number | undefined
  /**
   * Deliveries of one event before it goes to `deadLetter`, with those that a crash has ended.
   * Default: no limit.
   */
  maxAttempts?: number | undefined
  /** The topic to which an event is appended whose attempts are used up. */
  deadLetter?: string | undefined
  /** Ends the consumer with GOETHE_ABORTED; what it holds goes to other instances. */
  signal?: AbortSignalLike | undefined
}

/**
 * One instance of a consumer. All instances of a name share the events of the topic: each event
 * goes to one of them, at least once. Leaving the loop or closing gives back what it holds.
 */
export interface ConsumerApi extends AsyncIterable<Delivery> {
  readonly topic: string
  readonly consumer: string
  [Symbol.asyncIterator](): AsyncIterableIterator<Delivery>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** An event on its way through a consumer. */
export interface Delivery {
  readonly event: LogEvent
  /** 1 the first time, one more each time it is delivered again. */
  readonly attempt: number
  /** The event is handled; resolves when that is stored. GOETHE_DELIVERY_EXPIRED when too late. */
  ack(): Promise<void>
  /** The event was not handled; it is delivered again, after `delayMs` (default 0). */
  nack(options?: NackOptions): Promise<void>
  /** Starts the acknowledgement time-out anew. */
  extend(): void
}

export interface NackOptions {
  delayMs?: number | undefined
}

export interface TopicsOptions {
  prefix?: string | undefined
  /** The last name of the page before. */
  after?: string | undefined
  /** Names in one page, 1 to 10,000. Default: 1,000. */
  limit?: number | undefined
}

/** An event's place, without its payload. */
export interface EventPlace {
  id: bigint
  sequence: number
  time: Date
}

export interface TopicDescription {
  topic: string
  createdAt: Date
  /** The first event that is still there; undefined when all were trimmed. */
  first: EventPlace | undefined
  /** The last event ever appended. */
  last: EventPlace
  /** Events that are still there. */
  count: number
  /** Payload bytes of the events that are still there, to the accuracy of a block. */
  bytes: number
  retention: Retention | null
}

/** What a topic keeps; the oldest events beyond any bound are trimmed. */
export interface Retention {
  /** Keep events younger than this. */
  ageMs?: number | undefined
  /** Keep about so many of the newest bytes of payload. */
  bytes?: number | undefined
  /** Keep so many of the newest events. */
  count?: number | undefined
}

export interface HistogramOptions {
  /** From the interval that holds this time. Default: the first event. */
  from?: Date | bigint | undefined
  /** Up to and without the interval that starts at or after this time. Default: the last event. */
  to?: Date | bigint | undefined
  /** Width of a bucket, in UTC; not finer than the index. Default: the index interval. */
  interval?: Interval | 'month' | 'year' | undefined
}

/** A bucket that has events; empty ones are left out. */
export interface HistogramBucket {
  start: Date
  count: number
  /** Bytes of payload. */
  bytes: number
}

export interface CursorsOptions {
  /** Only of this topic. */
  topic?: string | undefined
  /** At most so many, 1 to 10,000. Default: 1,000. */
  limit?: number | undefined
  /** The last one of the page before. */
  after?: { readonly topic: string; readonly consumer: string } | undefined
}

export interface CursorDescription extends CursorPosition {
  topic: string
  consumer: string
  lag: number
  hold: boolean
  /** Events acknowledged ahead of the committed position. */
  acknowledgedAhead: number
}

export interface TrimOptions {
  /** Remove the events before this id, sequence or time. */
  before: bigint | number | Date
}

export interface TrimResult {
  /** Events removed. */
  count: number
  /** The last sequence that is gone; 0 when none is. */
  throughSequence: number
  /** The consumer whose holding cursor kept events from being removed. */
  heldBy: string | undefined
}

export interface VerifyOptions {
  signal?: AbortSignalLike | undefined
}

export type VerifyStep =
  | {
      type: 'progress'
      phase: 'events' | 'commits' | 'index' | 'cursors' | 'records'
      /** Entries checked so far, in all phases. */
      checked: number
    }
  | {
      type: 'problem'
      /** The part of the store that holds the wrong entry. */
      keyspace: 'events' | 'commits' | 'index' | 'cursors' | 'topics' | 'producers' | 'meta'
      topic: string | undefined
      /** The entry's key in hexadecimal. */
      key: string
      /** What is wrong, as a sentence. */
      message: string
    }

/** Takes bytes: a web WritableStream, or a function that resolves when it can take more. */
export type ByteSink = { getWriter(): ByteSinkWriter } | ((chunk: Uint8Array) => unknown)

export interface ByteSinkWriter {
  write(chunk: Uint8Array): Promise<unknown>
  close(): Promise<unknown>
  abort(reason?: unknown): Promise<unknown>
}

export interface TransferProgress {
  events: number
  bytes: number
  /** The last id handled so far. */
  lastId: bigint
}

export interface ExportOptions {
  /** Only what came after this id: an incremental backup. Default: everything. */
  after?: bigint | undefined
  onProgress?: ((progress: TransferProgress) => void) | undefined
  signal?: AbortSignalLike | undefined
}

export interface ImportOptions {
  onProgress?: ((progress: TransferProgress) => void) | undefined
  signal?: AbortSignalLike | undefined
}

export interface TransferResult extends TransferProgress {
  /** The log that was exported. */
  logId: string
}

/** What is used of an AbortSignal; any runtime's fits. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}
