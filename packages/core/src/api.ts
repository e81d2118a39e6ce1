import type { AppendAllOptions, AppendEntry, AppendOptions, Receipt } from './append-api.js'
import type { ConsumerApi, ConsumerOptions } from './consumer-api.js'
import type { CursorApi, CursorDescription, CursorOptions, CursorsOptions } from './cursor-api.js'
import type { LogEvent } from './log-event.js'
import type {
  ConsistencyOptions,
  EventReader,
  Position,
  ReadOptions,
  SeekOptions,
  TopicSelector,
} from './read-api.js'
import type {
  HistogramBucket,
  HistogramOptions,
  Retention,
  TopicDescription,
  TopicsOptions,
  TrimOptions,
  TrimResult,
} from './topic-api.js'
import type {
  ByteSink,
  ExportOptions,
  ImportOptions,
  TransferResult,
  VerifyOptions,
  VerifyStep,
} from './upkeep-api.js'

/**
 * The contract of an event log, whether it lies in this process or behind a server. Ids are
 * `bigint` (UNIX nanoseconds, unique and ascending in the whole log), sequences are numbers
 * (1, 2, 3 … without gaps, per topic).
 *
 * All methods may be called at any time, also while others are under way. Wrong arguments throw
 * ArgumentError, from async methods as a rejection; everything else is a GoetheError with a `code`.
 */
export interface EventLogApi {
  /**
   * Appends one event or several, which then have consecutive ids and sequences: all of them or
   * none. Resolves once they are as durable as the log was opened for, and visible to readers. The
   * bytes must not change until then. Many appends may be under way at a time; those to one topic
   * keep the order of the calls. While more than `queueBytesMax` waits, it waits for room.
   *
   * Rejects with GOETHE_CONFLICT, GOETHE_EVENT_TOO_LARGE, GOETHE_PRODUCER_SEQUENCE,
   * GOETHE_TIME_IN_FUTURE, GOETHE_ABORTED, GOETHE_IMPORT_INCOMPLETE, GOETHE_READ_ONLY,
   * GOETHE_WRITE_FAILED, GOETHE_CORRUPT, GOETHE_CLOSED; behind a server also with GOETHE_FORBIDDEN,
   * GOETHE_NOT_LEADER and GOETHE_UNAVAILABLE, when nothing was done, and with GOETHE_DEADLINE or
   * GOETHE_OUTCOME_UNKNOWN, when it may have been.
   */
  append(
    topic: string,
    payloads: Uint8Array | readonly Uint8Array[],
    options?: AppendOptions,
  ): Promise<Receipt>
  /**
   * Appends to several topics, all or nothing: in one atomic write, and only if every expectation
   * is met. All of them are compared with the topics as they are before the call's own events, also
   * several of one topic. Receipts come in the order of the entries. Rejects as `append` does.
   */
  appendAll(entries: readonly AppendEntry[], options?: AppendAllOptions): Promise<Receipt[]>
  /**
   * Reads one topic, or several in the one order of the log, topics born later included. Reads
   * nothing before it is iterated, and may be iterated more than once, each time anew. A topic that
   * does not exist has no events.
   */
  read(topics: TopicSelector, options?: ReadOptions): EventReader
  /**
   * The event at a position: 'next' the first at or after it, 'previous' the last at or before
   * it, 'closest' whichever is nearer in time. Undefined where there is none. At 'end' it is the
   * topic's last event. Rejects with GOETHE_CORRUPT, GOETHE_READ_FAILED, GOETHE_CLOSED.
   */
  seek(topic: string, position: Position, options?: SeekOptions): Promise<LogEvent | undefined>
  /**
   * The named position of a consumer in a topic, for one reader that remembers where it was. Neither
   * of the two needs to exist.
   */
  cursor(topic: string, consumer: string, options?: CursorOptions): CursorApi
  /** An instance of a consumer; all instances of one name share the topic's events. */
  consumer(topic: string, consumer: string, options?: ConsumerOptions): ConsumerApi
  /** Names of topics in the order of their bytes, a page at a time. */
  topics(options?: TopicsOptions): Promise<string[]>
  /** Rejects with GOETHE_TOPIC_NOT_FOUND for a topic that nothing was ever appended to. */
  describe(topic: string, options?: ConsistencyOptions): Promise<TopicDescription>
  /**
   * Events and bytes by time, from the index alone: in buckets as wide as asked, in UTC, in the order
   * of time. None for a topic that does not exist.
   */
  histogram(topics: TopicSelector, options?: HistogramOptions): Promise<HistogramBucket[]>
  /** The cursors of all topics, or of one, in the order of their names, a page at a time. */
  cursors(options?: CursorsOptions): Promise<CursorDescription[]>
  /**
   * Removes a topic's events before an id, a sequence or a time, but none that a holding cursor
   * has not passed. Readers go on with what is left. Rejects with GOETHE_TOPIC_NOT_FOUND, and as
   * `append` does where nothing can be written.
   */
  trim(topic: string, options: TrimOptions): Promise<TrimResult>
  /**
   * Sets what a topic keeps, in place of what was set before; null keeps all. Bounds are enforced
   * from time to time, by default every minute. Rejects as `trim` does.
   */
  setRetention(topic: string, retention: Retention | null): Promise<void>
  /**
   * Removes a topic with its events, cursors, producers and settings; appending to it begins a new
   * one with sequence 1. Rejects as `trim` does.
   */
  deleteTopic(topic: string): Promise<void>
  /**
   * Checks everything that is stored: checksums, order, sequences, commits, index, cursors.
   * Yields progress and each problem that it finds, and goes on behind it.
   */
  verify(options?: VerifyOptions): AsyncIterableIterator<VerifyStep>
  /**
   * Writes the whole log, or what came after an id, as one checksummed stream. Where the store has
   * snapshots, it is the log of one moment, whatever is appended meanwhile. Rejects with
   * GOETHE_CORRUPT, GOETHE_ABORTED, and with what the sink rejects with.
   */
  exportTo(sink: ByteSink, options?: ExportOptions): Promise<TransferResult>
  /**
   * Restores an export into an empty log, ids preserved. After an interruption, call it with the
   * same export again; until it has ended all other writes reject with GOETHE_IMPORT_INCOMPLETE.
   * Later incremental exports can follow. Rejects with GOETHE_NOT_EMPTY, GOETHE_CORRUPT,
   * GOETHE_FORMAT, GOETHE_ABORTED.
   */
  importFrom(source: AsyncIterable<Uint8Array>, options?: ImportOptions): Promise<TransferResult>
  /**
   * Finishes what was accepted, and ends readers and consumers with GOETHE_CLOSED, as everything
   * that is called afterwards. Idempotent.
   */
  close(): Promise<void>
  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void>
}
