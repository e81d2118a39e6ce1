import { EventEmitter } from 'events'
import type TypedEmitter from 'typed-emitter'
import type { EventLogApi } from './api.js'
import type {
  AppendAllOptions,
  AppendConditions,
  AppendEntry,
  AppendOptions,
  Receipt,
} from './append-api.js'
import type { ConsumerOptions } from './consumer-api.js'
import type { CursorDescription } from './cursor-api.js'
import type {
  ConsistencyOptions,
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
import { AppendValidator } from './append-validator.js'
import { checkOptions, checkSignal } from './arguments.js'
import { Committer } from './committer.js'
import { checkConsistencyOptions } from './consistency.js'
import { Consumer } from './consumer.js'
import { checkConsumerOptions } from './consumer-options.js'
import { ConsumerGroups } from './consumer-groups.js'
import { Cursor } from './cursor.js'
import { type OwnCursorsOptions, listCursors } from './cursor-list.js'
import type { OwnCursorOptions } from './cursor-options.js'
import { type PlacementContext, placeCursor } from './cursor-placement.js'
import { CursorStore } from './cursor-store.js'
import type { Database } from './database.js'
import { GoetheError, assert } from './errors.js'
import { exportLog } from './export-log.js'
import { importLog } from './import-log.js'
import type { LogEvent } from './log-event.js'
import type { LogEventMap } from './log-events.js'
import type { LogStatus } from './log-status.js'
import type { ImportMeta, LogMeta } from './meta.js'
import { nameBytes } from './names.js'
import { openLog } from './open-log.js'
import { type CheckedOptions, type EventLogOptions, checkLogOptions } from './options.js'
import { checkIdOrTime, checkPosition, checkSelector } from './position.js'
import { Readers } from './readers.js'
import type { Reader } from './reader.js'
import { Recent } from './recent.js'
import { RetentionSchedule, checkRetention } from './retention.js'
import type { Store } from './store.js'
import { addToHistogram, bucketStartOf } from './time-index.js'
import { checkTopics, describeTopic, existingTopic, statesOf, topicNames } from './topic-catalog.js'
import { encodeTopicRecord } from './topic-record.js'
import { ProducerStates } from './producer-states.js'
import { TopicStates } from './topic-state.js'
import { type TrimContext, deleteTopic, trimTopic } from './trim.js'
import { verifyLog } from './verify.js'
import { Work } from './work.js'
import { WriteFeed } from './write-feed.js'

const TypedEventEmitter = EventEmitter as unknown as new () => TypedEmitter<LogEventMap>

/**
 * An append-only log of events in topics, on any abstract-level database. Methods throw ArgumentError
 * at once for wrong arguments and reject with GoetheError for everything else; after `close` all
 * of them reject with GOETHE_CLOSED.
 *
 * Emits `append`, `commit`, `trim`, `delete`, `clock`, `deadLetter`, `error` and `close`; see
 * LogEventMap. An `error` without a listener is not thrown: whoever waits is told anyway.
 */
export class EventLog extends TypedEventEmitter implements EventLogApi {
  /** Identifies this log for good; a restored copy gets another one. */
  readonly id: string
  readonly #store: Store
  readonly #options: CheckedOptions
  readonly #intervalMs: number
  readonly #states: TopicStates
  readonly #producers: ProducerStates
  readonly #recent: Recent
  readonly #feed: WriteFeed
  readonly #committer: Committer
  readonly #cursors: CursorStore
  readonly #readers: Readers
  readonly #groups: ConsumerGroups
  readonly #retention: RetentionSchedule
  readonly #validator: AppendValidator
  #import: ImportMeta | undefined
  #importing = false
  #closing: Promise<void> | undefined
  readonly #counts = { commits: 0, events: 0, bytes: 0, clockBehindMs: 0 }

  private constructor(store: Store, options: CheckedOptions, meta: LogMeta, lastId: bigint) {
    super()
    this.id = meta.logId
    this.#store = store
    this.#options = options
    this.#intervalMs = meta.index.intervalMs
    this.#import = meta.import
    const { clock } = options
    const intervalNs = BigInt(this.#intervalMs) * 1_000_000n
    this.#states = new TopicStates(store)
    this.#producers = new ProducerStates(store)
    this.#recent = new Recent(options.recentBytesMax)
    this.#feed = new WriteFeed(store, this.#states, this.#producers, this.#recent, lastId)
    this.#committer = new Committer({
      store,
      states: this.#states,
      producers: this.#producers,
      clock,
      intervalNs,
      queueBytesMax: options.queueBytesMax,
      clockBehindNs: options.clockBehindNs,
      lastId: () => this.#feed.lastId,
      onCommit: (commit, receipts) => {
        this.#counts.commits++
        this.#counts.events += commit.events
        this.#counts.bytes += commit.bytes
        if (this.listenerCount('append') > 0) {
          for (const receipt of receipts) if (!receipt.repeated) this.emit('append', receipt)
        }
        if (this.listenerCount('commit') > 0) this.emit('commit', commit)
      },
      onClock: (behindNs) => {
        this.#counts.clockBehindMs = Number(behindNs / 1_000_000n)
        if (behindNs > 0n) this.emit('clock', { behindMs: this.#counts.clockBehindMs })
      },
      onFailure: (error) => {
        this.#emitError(error)
      },
    })
    this.#cursors = new CursorStore(store, this.#committer)
    this.#readers = new Readers({
      store,
      states: this.#states,
      recent: this.#recent,
      cursors: this.#cursors,
      intervalNs,
      lastId: () => this.#feed.lastId,
      assertOpen: () => {
        this.#assertOpen()
      },
    })
    this.#groups = new ConsumerGroups({
      clock,
      cursors: this.#cursors,
      follow: (topic, begin) => this.#readers.readFrom(topic, begin, { follow: true }),
      readOne: (topic, id) => this.#readers.readOne(topic, id),
      placeCursor: (topic, consumer, position, placement) =>
        placeCursor(this.#placement, topic, consumer, position, placement),
      onDeadLetter: (event, consumer, deadLetter, attempts) => {
        this.emit('deadLetter', { event, consumer, deadLetter, attempts })
      },
    })
    this.#validator = new AppendValidator(options.eventBytesMax, clock, this.#states)
    this.#retention = new RetentionSchedule(
      this.#trimContext(),
      clock,
      options.retentionIntervalMs,
      {
        trim: (topic, result) => {
          this.emit('trim', { topic, ...result })
        },
        error: (error) => {
          if (error instanceof GoetheError) this.#emitError(error)
        },
      },
    )
    if (options.readOnly === undefined) this.#retention.start()
    else void this.#committer.close(options.readOnly)
  }

  /**
   * Opens a log on a database, which is opened too where it is not open yet, and makes a new log
   * in an empty one. Reads nothing but a few entries, however large the log is, unless the index
   * interval changed. Rejects with GOETHE_LOCKED when the store is in use, GOETHE_INVALID_STORE,
   * GOETHE_FORMAT, GOETHE_CORRUPT, and GOETHE_UNAVAILABLE where a log that is only to be read has an
   * index that is being rebuilt.
   */
  static async open(database: Database, options?: EventLogOptions): Promise<EventLog> {
    const checked = checkLogOptions(options)
    const { store, meta, lastId } = await openLog(database, checked)
    return new EventLog(store, checked, meta, lastId)
  }

  /**
   * Appends one event or several, which then have consecutive ids and sequences. Resolves once
   * they are as durable as the log was opened for, and visible to readers. The bytes must not
   * change until then.
   *
   * Rejects with GOETHE_CONFLICT, GOETHE_EVENT_TOO_LARGE, GOETHE_PRODUCER_SEQUENCE,
   * GOETHE_TIME_IN_FUTURE, GOETHE_ABORTED, GOETHE_IMPORT_INCOMPLETE, GOETHE_WRITE_FAILED,
   * GOETHE_CORRUPT, GOETHE_CLOSED.
   */
  append(
    topic: string,
    payloads: Uint8Array | readonly Uint8Array[],
    options?: AppendOptions,
  ): Promise<Receipt> {
    const part = this.#validator.part(topic, payloads, options as AppendConditions | undefined)
    const signal = options?.signal
    if (signal !== undefined) checkSignal(signal)
    const refusal = this.#refusal() ?? this.#validator.refusal([part])
    if (refusal !== undefined) return Promise.reject(refusal)
    const bytes = this.#validator.queueBytes(part)
    return new Promise((resolve, reject) => {
      const resolveOne = (receipts: Receipt[]): void => {
        resolve(receipts[0]!)
      }
      const parts = [part]
      const options = signal === undefined ? undefined : { parts, bytes, signal }
      this.#committer.submit(new Work(parts, bytes, options, resolveOne, reject))
    })
  }

  /**
   * Appends to several topics, all or nothing: in one atomic write, and only if every expectation
   * is met. Receipts come in the order of the entries. Rejects as `append` does.
   */
  appendAll(entries: readonly AppendEntry[], options?: AppendAllOptions): Promise<Receipt[]> {
    checkOptions(options, ['signal'])
    checkSignal(options?.signal)
    const parts = this.#validator.parts(entries)
    const refusal = this.#refusal() ?? this.#validator.refusal(parts)
    if (refusal !== undefined) return Promise.reject(refusal)
    const bytes = parts.reduce((sum, part) => sum + this.#validator.queueBytes(part), 0)
    return this.#committer.commit({ parts, bytes, signal: options?.signal })
  }

  /**
   * Reads one topic, or several in the one order of the log, topics born later included. The
   * reader can be iterated more than once.
   */
  read(topics: TopicSelector, options: ReadOptions = {}): Reader {
    this.#assertOpen()
    return this.#readers.read(topics, options)
  }

  /**
   * The event at a position: 'next' the first at or after it, 'previous' the last at or before
   * it, 'closest' whichever is nearer in time. Undefined where there is none.
   */
  async seek(
    topic: string,
    position: Position,
    options: SeekOptions = {},
  ): Promise<LogEvent | undefined> {
    this.#assertOpen()
    return this.#readers.seek(topic, position, options)
  }

  /** The named position of a consumer in a topic. */
  cursor(topic: string, consumer: string, options?: OwnCursorOptions): Cursor {
    this.#assertOpen()
    return new Cursor(
      {
        ...this.#placement,
        store: this.#store,
        clock: this.#options.clock,
        readFrom: (name, begin, rest) => this.#readers.readFrom(name, begin, rest),
        readOne: (name, id) => this.#readers.readOne(name, id),
        assertOpen: () => {
          this.#assertOpen()
        },
      },
      topic,
      consumer,
      options,
    )
  }

  /** An instance of a consumer; all instances of one name share the topic's events. */
  consumer(topic: string, consumer: string, options?: ConsumerOptions): Consumer {
    this.#assertOpen()
    nameBytes('topic', topic)
    nameBytes('consumer', consumer)
    const { from, ...settings } = checkConsumerOptions(topic, options)
    return new Consumer(topic, consumer, settings, () => {
      this.#assertOpen()
      return this.#groups.group(topic, consumer, from)
    })
  }

  /** Names of topics in the order of their bytes, a page at a time. */
  async topics(options: TopicsOptions = {}): Promise<string[]> {
    this.#assertOpen()
    const { prefix, after, limit } = checkTopics(options)
    return topicNames(this.#store, prefix, after, limit)
  }

  /** Rejects with GOETHE_TOPIC_NOT_FOUND for a topic that nothing was ever appended to. */
  async describe(topic: string, options?: ConsistencyOptions): Promise<TopicDescription> {
    this.#assertOpen()
    nameBytes('topic', topic)
    if (checkConsistencyOptions(options) === 'linearizable') await this.#store.confirm()
    return describeTopic(this.#store, await existingTopic(this.#states, topic))
  }

  /** Events and bytes by time, from the index alone: in buckets as wide as asked, in UTC. */
  async histogram(
    topics: TopicSelector,
    options: HistogramOptions = {},
  ): Promise<HistogramBucket[]> {
    this.#assertOpen()
    checkOptions(options, ['from', 'to', 'interval'])
    const selector = checkSelector(topics)
    const range = {
      from: options.from === undefined ? 0n : checkIdOrTime('from', options.from),
      to: options.to === undefined ? 2n ** 63n : checkIdOrTime('to', options.to),
      intervalNs: BigInt(this.#intervalMs) * 1_000_000n,
      bucketStart: bucketStartOf(options.interval, this.#intervalMs),
    }
    const buckets = new Map<number, HistogramBucket>()
    if (selector.type === 'topic') {
      const state = await this.#states.load(selector.topic)
      await addToHistogram(this.#store, state, range, buckets)
    } else {
      for await (const state of statesOf(this.#store, this.#states, selector.prefix)) {
        await addToHistogram(this.#store, state, range, buckets)
      }
    }
    return [...buckets.values()].sort((a, b) => a.start.getTime() - b.start.getTime())
  }

  /** The cursors of all topics, or of one, a page at a time. */
  async cursors(options: OwnCursorsOptions = {}): Promise<CursorDescription[]> {
    this.#assertOpen()
    return listCursors(this.#store, this.#states, options)
  }

  /**
   * Removes a topic's events before an id, a sequence or a time, but none that a holding cursor
   * has not passed. Rejects with GOETHE_TOPIC_NOT_FOUND.
   */
  async trim(topic: string, options: TrimOptions): Promise<TrimResult> {
    this.#assertWritable()
    checkOptions(options, ['before'])
    nameBytes('topic', topic)
    const before = checkPosition(options?.before, true)
    await existingTopic(this.#states, topic)
    const firstKept = await this.#readers.firstIdAt(topic, before)
    const result = await trimTopic(this.#trimContext(), topic, firstKept - 1n)
    if (result.count > 0) this.emit('trim', { topic, ...result })
    return result
  }

  /**
   * Sets what a topic keeps; null keeps all. Bounds are enforced from time to time, see
   * `retentionIntervalMs`. Rejects with GOETHE_TOPIC_NOT_FOUND.
   */
  async setRetention(topic: string, retention: Retention | null): Promise<void> {
    this.#assertWritable()
    const checked = checkRetention(retention)
    nameBytes('topic', topic)
    const key = this.#store.keyspaces.topics.key(topic)
    let value: Uint8Array | undefined
    await this.#committer.commit({
      parts: [],
      bytes: key.length,
      alone: true,
      prepare: async () => {
        const { record } = await existingTopic(this.#states, topic)
        assert(record !== undefined, 'an existing topic has a record')
        value = encodeTopicRecord({ ...record, retention: checked })
      },
      operations: () => [{ type: 'put', key, value }],
    })
    this.#retention.note(topic, checked)
  }

  /** Trims every topic to its retention now. */
  async enforceRetention(): Promise<void> {
    this.#assertWritable()
    await this.#retention.enforce()
  }

  /**
   * Removes a topic with its events, cursors, producers and settings; appending to it begins a new
   * one with sequence 1. Rejects with GOETHE_TOPIC_NOT_FOUND.
   */
  async deleteTopic(topic: string): Promise<void> {
    this.#assertWritable()
    nameBytes('topic', topic)
    await deleteTopic(this.#trimContext(), topic)
    this.#retention.note(topic, null)
    this.emit('delete', topic)
  }

  /**
   * Checks everything that is stored: checksums, order, sequences, commits, index, cursors.
   * Yields progress and each problem that it finds, and goes on behind it.
   */
  verify(options: VerifyOptions = {}): AsyncIterableIterator<VerifyStep> {
    this.#assertOpen()
    checkOptions(options, ['signal'])
    checkSignal(options.signal)
    return verifyLog(this.#store, BigInt(this.#intervalMs) * 1_000_000n, options.signal)
  }

  /**
   * Writes the whole log, or what came after an id, as one checksummed stream. Where the store has
   * snapshots, it is the log of one moment, whatever is appended meanwhile.
   */
  async exportTo(sink: ByteSink, options: ExportOptions = {}): Promise<TransferResult> {
    this.#assertOpen()
    return exportLog(this.#store, { logId: this.id, lastId: this.#feed.lastId }, sink, options)
  }

  /**
   * Restores an export into an empty log, ids preserved. After an interruption, call it with the
   * same export again; later incremental exports can follow. Rejects with GOETHE_NOT_EMPTY,
   * GOETHE_CORRUPT.
   */
  async importFrom(
    source: AsyncIterable<Uint8Array>,
    options: ImportOptions = {},
  ): Promise<TransferResult> {
    this.#assertOpen()
    if (this.#options.readOnly !== undefined) throw this.#options.readOnly()
    if (this.#importing) {
      throw new GoetheError('GOETHE_NOT_EMPTY', 'Another import into this log is under way')
    }
    this.#importing = true
    try {
      return await importLog(
        {
          store: this.#store,
          states: this.#states,
          committer: this.#committer,
          intervalNs: BigInt(this.#intervalMs) * 1_000_000n,
          lastId: () => this.#feed.lastId,
          imported: () => this.#import,
          onProgress: (imported) => {
            this.#import = imported
          },
          trim: this.#trimContext(),
          onTopic: (topic, retention) => {
            this.#retention.note(topic, retention)
          },
          onCursors: () => {
            this.#cursors.reload()
          },
        },
        source,
        options,
      )
    } finally {
      this.#importing = false
    }
  }

  /**
   * Resolves once this log has everything that was acknowledged to anybody, or shown to anybody, before
   * the call: at once, unless its store is one of several copies. Reads with
   * `consistency: 'linearizable'` wait for it by themselves. Rejects as the store does, with
   * GOETHE_NOT_LEADER or GOETHE_UNAVAILABLE.
   */
  async confirm(): Promise<void> {
    this.#assertOpen()
    await this.#store.confirm()
  }

  /** Where the log stands, for metrics. */
  status(): LogStatus {
    return {
      id: this.id,
      lastId: this.#feed.lastId,
      durability: this.#store.durability,
      indexIntervalMs: this.#intervalMs,
      writable: this.#refusal() === undefined,
      commits: this.#counts.commits,
      appendedEvents: this.#counts.events,
      appendedBytes: this.#counts.bytes,
      queuedBytes: this.#committer.queuedBytes,
      waitingAppends: this.#committer.waiting,
      recentBytes: this.#recent.bytes,
      storeReads: this.#store.reads,
      clockBehindMs: this.#counts.clockBehindMs,
    }
  }

  /**
   * Finishes what was accepted, ends readers and consumers, and closes the database (not the
   * application's, when the log is on a sublevel of it). Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.#retention.close()
    await this.#groups.close(closedError())
    await this.#committer.close(closedError)
    this.#recent.close(closedError())
    this.#feed.close()
    await this.#store.close()
    this.emit('close')
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closedError()
  }

  #assertWritable(): void {
    const refusal = this.#refusal()
    if (refusal !== undefined) throw refusal
  }

  /** Why nothing can be written at the moment. */
  #refusal(): GoetheError | undefined {
    if (this.#closing !== undefined) return closedError()
    if (this.#options.readOnly !== undefined) return this.#options.readOnly()
    if (this.#importing || this.#import?.complete === false) {
      return new GoetheError(
        'GOETHE_IMPORT_INCOMPLETE',
        'An import into this log has not ended; call importFrom() with the same export again',
      )
    }
    return this.#committer.failure
  }

  get #placement(): PlacementContext {
    return {
      states: this.#states,
      cursors: this.#cursors,
      placeBefore: (topic, position) => this.#readers.placeBefore(topic, position),
    }
  }

  #trimContext(): TrimContext {
    return {
      store: this.#store,
      states: this.#states,
      committer: this.#committer,
      intervalNs: BigInt(this.#intervalMs) * 1_000_000n,
      lastId: () => this.#feed.lastId,
      now: () => this.#options.clock.now(),
      forgetCursors: (topic) => {
        this.#cursors.forgetTopic(topic)
      },
    }
  }

  #emitError(error: GoetheError): void {
    // Without a listener an emitter would throw it in the middle of the commit.
    if (this.listenerCount('error') > 0) this.emit('error', error)
  }
}

function closedError(): GoetheError {
  return new GoetheError('GOETHE_CLOSED', 'The log is closed')
}
