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
import { checkOptions, checkSignal } from './arguments.js'
import { checkConsistencyOptions } from './consistency.js'
import { Consumer } from './consumer.js'
import { checkConsumerOptions } from './consumer-options.js'
import { Cursor } from './cursor.js'
import { type OwnCursorsOptions, listCursors } from './cursor-list.js'
import type { OwnCursorOptions } from './cursor-options.js'
import type { Database } from './database.js'
import { exportLog } from './export-log.js'
import { histogramOf } from './histogram.js'
import { importLog } from './import-log.js'
import { closedError } from './log-access.js'
import type { LogEvent } from './log-event.js'
import type { LogEventMap } from './log-events.js'
import { LogParts } from './log-parts.js'
import type { LogStatus } from './log-status.js'
import { nameBytes } from './names.js'
import { type OpenedLog, openLog } from './open-log.js'
import { type CheckedOptions, type EventLogOptions, checkLogOptions } from './options.js'
import { checkPosition } from './position.js'
import type { Reader } from './reader.js'
import { checkRetention, storeRetention } from './retention.js'
import { checkTopics, describeTopic, existingTopic, topicNames } from './topic-catalog.js'
import { deleteTopic, trimTopic } from './trim.js'
import { verifyLog } from './verify.js'
import { Work } from './work.js'

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
  readonly #parts: LogParts
  readonly #indexIntervalMs: number
  #closing: Promise<void> | undefined

  private constructor(opened: OpenedLog, options: CheckedOptions) {
    super()
    this.id = opened.meta.logId
    this.#indexIntervalMs = opened.meta.index.intervalMs
    this.#parts = new LogParts(opened, options, this)
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
    return openLog(database, checked, async (opened) => {
      const log = new EventLog(opened, checked)
      await log.#begin(checked)
      return log
    })
  }

  async #begin({ readOnly }: CheckedOptions): Promise<void> {
    const { feed, retention, committer } = this.#parts
    try {
      await feed.findEnd()
    } catch (error) {
      feed.close()
      throw error
    }
    if (readOnly === undefined) retention.start()
    else void committer.close(readOnly)
  }

  append(
    topic: string,
    payloads: Uint8Array | readonly Uint8Array[],
    options?: AppendOptions,
  ): Promise<Receipt> {
    const { validator, access, committer } = this.#parts
    const part = validator.part(topic, payloads, options as AppendConditions | undefined)
    const signal = options?.signal
    if (signal !== undefined) checkSignal(signal)
    const refusal = access.refusal() ?? validator.refusal([part])
    if (refusal !== undefined) return Promise.reject(refusal)
    const bytes = validator.queueBytes(part)
    return new Promise((resolve, reject) => {
      const resolveOne = (receipts: Receipt[]): void => {
        resolve(receipts[0]!)
      }
      const parts = [part]
      const options = signal === undefined ? undefined : { parts, bytes, signal }
      committer.submit(new Work(parts, bytes, options, resolveOne, reject))
    })
  }

  appendAll(entries: readonly AppendEntry[], options?: AppendAllOptions): Promise<Receipt[]> {
    checkOptions(options, ['signal'])
    checkSignal(options?.signal)
    const { validator, access, committer } = this.#parts
    const parts = validator.parts(entries)
    const refusal = access.refusal() ?? validator.refusal(parts)
    if (refusal !== undefined) return Promise.reject(refusal)
    const bytes = parts.reduce((sum, part) => sum + validator.queueBytes(part), 0)
    return committer.commit({ parts, bytes, signal: options?.signal })
  }

  read(topics: TopicSelector, options: ReadOptions = {}): Reader {
    this.#assertOpen()
    return this.#parts.readers.read(topics, options)
  }

  async seek(
    topic: string,
    position: Position,
    options: SeekOptions = {},
  ): Promise<LogEvent | undefined> {
    this.#assertOpen()
    return this.#parts.readers.seek(topic, position, options)
  }

  cursor(topic: string, consumer: string, options?: OwnCursorOptions): Cursor {
    this.#assertOpen()
    return new Cursor(this.#parts.forCursors, topic, consumer, options)
  }

  consumer(topic: string, consumer: string, options?: ConsumerOptions): Consumer {
    this.#assertOpen()
    nameBytes('topic', topic)
    nameBytes('consumer', consumer)
    const { from, ...settings } = checkConsumerOptions(topic, options)
    return new Consumer(topic, consumer, settings, () => {
      this.#assertOpen()
      return this.#parts.groups.group(topic, consumer, from)
    })
  }

  async topics(options: TopicsOptions = {}): Promise<string[]> {
    this.#assertOpen()
    const { prefix, after, limit } = checkTopics(options)
    return topicNames(this.#parts.store, prefix, after, limit)
  }

  async describe(topic: string, options?: ConsistencyOptions): Promise<TopicDescription> {
    this.#assertOpen()
    nameBytes('topic', topic)
    if (checkConsistencyOptions(options) === 'linearizable') await this.#parts.store.confirm()
    return describeTopic(this.#parts.store, await existingTopic(this.#parts.states, topic))
  }

  async histogram(
    topics: TopicSelector,
    options: HistogramOptions = {},
  ): Promise<HistogramBucket[]> {
    this.#assertOpen()
    const { store, states } = this.#parts
    return histogramOf(store, states, this.#indexIntervalMs, topics, options)
  }

  async cursors(options: OwnCursorsOptions = {}): Promise<CursorDescription[]> {
    this.#assertOpen()
    return listCursors(this.#parts.store, this.#parts.states, options)
  }

  async trim(topic: string, options: TrimOptions): Promise<TrimResult> {
    this.#assertWritable()
    checkOptions(options, ['before'])
    nameBytes('topic', topic)
    const before = checkPosition(options?.before, true)
    const { states, readers, forTrims } = this.#parts
    await existingTopic(states, topic)
    const firstKept = await readers.firstIdAt(topic, before)
    const result = await trimTopic(forTrims, topic, firstKept - 1n)
    if (result.count > 0) this.emit('trim', { topic, ...result })
    return result
  }

  async setRetention(topic: string, retention: Retention | null): Promise<void> {
    this.#assertWritable()
    const checked = checkRetention(retention)
    nameBytes('topic', topic)
    await storeRetention(this.#parts.forTrims, topic, checked)
    this.#parts.retention.note(topic, checked)
  }

  /** Trims every topic to its retention now. */
  async enforceRetention(): Promise<void> {
    this.#assertWritable()
    await this.#parts.retention.enforce()
  }

  async deleteTopic(topic: string): Promise<void> {
    this.#assertWritable()
    nameBytes('topic', topic)
    await deleteTopic(this.#parts.forTrims, topic)
    this.#parts.retention.note(topic, null)
    this.emit('delete', topic)
  }

  verify(options: VerifyOptions = {}): AsyncIterableIterator<VerifyStep> {
    this.#assertOpen()
    checkOptions(options, ['signal'])
    checkSignal(options.signal)
    return verifyLog(this.#parts.store, BigInt(this.#indexIntervalMs) * 1_000_000n, options.signal)
  }

  async exportTo(sink: ByteSink, options: ExportOptions = {}): Promise<TransferResult> {
    this.#assertOpen()
    const { store, feed } = this.#parts
    return exportLog(store, { logId: this.id, lastId: feed.lastId }, sink, options)
  }

  async importFrom(
    source: AsyncIterable<Uint8Array>,
    options: ImportOptions = {},
  ): Promise<TransferResult> {
    const { access, forImports } = this.#parts
    return access.whileImporting(() => importLog(forImports, source, options))
  }

  /**
   * Resolves once this log has everything that was acknowledged to anybody, or shown to anybody, before
   * the call: at once, unless its store is one of several copies. Reads with
   * `consistency: 'linearizable'` wait for it by themselves. Rejects as the store does, with
   * GOETHE_NOT_LEADER or GOETHE_UNAVAILABLE.
   */
  async confirm(): Promise<void> {
    this.#assertOpen()
    await this.#parts.store.confirm()
  }

  /** Where the log stands, for metrics. */
  status(): LogStatus {
    const { store, access, feed, committer, recent, counts } = this.#parts
    return {
      id: this.id,
      lastId: feed.lastId,
      durability: store.durability,
      indexIntervalMs: this.#indexIntervalMs,
      writable: access.refusal() === undefined,
      commits: counts.commits,
      appendedEvents: counts.events,
      appendedBytes: counts.bytes,
      queuedBytes: committer.queuedBytes,
      waitingAppends: committer.waiting,
      recentBytes: recent.bytes,
      storeReads: store.reads,
      clockBehindMs: counts.clockBehindMs,
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
    const { retention, groups, committer, recent, feed, store } = this.#parts
    this.#parts.access.close()
    await retention.close()
    await groups.close(closedError())
    await committer.close(closedError)
    recent.close(closedError())
    feed.close()
    await store.close()
    this.emit('close')
  }

  #assertOpen(): void {
    this.#parts.access.assertOpen()
  }

  #assertWritable(): void {
    this.#parts.access.assertWritable()
  }
}
