import { EventEmitter } from 'events'
import type TypedEmitter from 'typed-emitter'
import type {
  AppendAllOptions,
  AppendConditions,
  AppendEntry,
  AppendOptions,
  ByteSink,
  ConsistencyOptions,
  ConsumerOptions,
  CursorDescription,
  CursorOptions,
  CursorsOptions,
  EventLogApi,
  EventReader,
  ExportOptions,
  HistogramBucket,
  HistogramOptions,
  ImportOptions,
  LogEvent,
  Position,
  ReadOptions,
  Receipt,
  Retention,
  SeekOptions,
  TopicDescription,
  TopicSelector,
  TopicsOptions,
  TransferResult,
  TrimOptions,
  TrimResult,
  VerifyOptions,
  VerifyStep,
} from '@goethe/core'
import {
  type AppendPart,
  Reader,
  checkAppend,
  checkAppendAll,
  checkConsistencyOptions,
  checkCursors,
  checkIdOrTime,
  checkOptions,
  checkPosition,
  checkRead,
  checkRetention,
  checkSeek,
  checkSelector,
  checkSignal,
  checkTopics,
  intervalMs,
  nameBytes,
} from '@goethe/core/contract'
import {
  type Method,
  bucketFromMessage,
  consistencyToMessage,
  create,
  cursorFromMessage,
  eventFromMessage,
  eventLogMethods as methods,
  messages,
  nearestToMessage,
  positionToMessage,
  retentionToMessage,
  selectorToMessage,
  topicFromMessage,
  trimFromMessage,
} from '@goethe/protocol'
import type { Address } from './address.js'
import { AppendSender } from './append-sender.js'
import { callUnary } from './calls.js'
import type { ClientEventMap } from './client-events.js'
import { ClusterCalls } from './cluster-calls.js'
import { Connection } from './connection.js'
import { closedError } from './failures.js'
import type { CheckedConnectOptions } from './options.js'
import { ReadSource } from './read-source.js'
import { RemoteConsumer } from './remote-consumer.js'
import { RemoteCursor } from './remote-cursor.js'
import { type ServerStatus, statusFromMessage } from './server-status.js'
import { exportRemote, importRemote, verifyRemote } from './transfer.js'

const TypedEventEmitter = EventEmitter as unknown as new () => TypedEmitter<ClientEventMap>

/**
 * An event log on a server: the same contract as the log in one's own process, with the same
 * checks of arguments. Connects with the first call, and again whenever the connection is lost.
 *
 * All calls end: with a result, or by `deadlineMs` with GOETHE_UNAVAILABLE (nothing was done) or
 * GOETHE_DEADLINE (whether it was done is unknown). Beyond the codes of the contract they reject
 * with GOETHE_UNAUTHENTICATED, GOETHE_FORBIDDEN, GOETHE_LIMIT and GOETHE_READ_ONLY, and appends that
 * are not to be repeated (`idempotent: false`) with GOETHE_OUTCOME_UNKNOWN when the connection breaks
 * or the lead of a cluster changes meanwhile.
 *
 * Emits `connect`, `disconnect`, `reconnect` and `close`; see ClientEventMap.
 */
export class Client extends TypedEventEmitter implements EventLogApi {
  /** The cluster that the server belongs to, for those who look after it. */
  readonly cluster: ClusterCalls
  readonly #connection: Connection
  readonly #sender: AppendSender
  readonly #consumers = new Set<RemoteConsumer>()
  readonly #calls = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  /** @internal Use `connect`. */
  constructor(addresses: readonly Address[], options: CheckedConnectOptions) {
    super()
    this.#connection = new Connection(addresses, options, {
      connected: (address) => this.emit('connect', { address }),
      disconnected: (address, error) => this.emit('disconnect', { address, error }),
      reconnected: (address) => this.emit('reconnect', { address }),
    })
    const producer = options.idempotent ? globalThis.crypto.randomUUID() : undefined
    this.#sender = new AppendSender(this.#connection, producer)
    this.cluster = new ClusterCalls(async (method, request, signal) => {
      this.#assertOpen()
      return this.#call(method, request, signal)
    })
  }

  /**
   * Appends one event or several; see `EventLogApi`. Appends of one turn go together, and many are
   * under way at a time; those to one topic keep their order. An AbortSignal takes back what was
   * not sent yet.
   */
  append(
    topic: string,
    payloads: Uint8Array | readonly Uint8Array[],
    options?: AppendOptions,
  ): Promise<Receipt> {
    nameBytes('topic', topic)
    const part = checkAppend(topic, payloads, options as AppendConditions | undefined)
    const signal = options?.signal
    if (signal !== undefined) checkSignal(signal)
    if (this.#closing !== undefined) return Promise.reject(closedError())
    return this.#sender.append(part, signal)
  }

  /**
   * Appends to several topics, all or nothing; see `EventLogApi`. Those in flight keep their order
   * among themselves, but not towards other appends.
   */
  appendAll(entries: readonly AppendEntry[], options: AppendAllOptions = {}): Promise<Receipt[]> {
    checkOptions(options, ['signal'])
    checkSignal(options.signal)
    const parts = checkAppendAll(entries)
    if (this.#closing !== undefined) return Promise.reject(closedError())
    return this.#appendAll(parts, options.signal)
  }

  read(topics: TopicSelector, options: ReadOptions = {}): EventReader {
    if (this.#closing !== undefined) throw closedError()
    const { bounds, reverse, follow, consistency } = checkRead(topics, options)
    const { from, signal } = options
    const open = (): Promise<ReadSource> => {
      this.#assertOpen()
      const { limit, to } = bounds
      const request = { topics, from, to, reverse, limit, follow, consistency, signal }
      return Promise.resolve(new ReadSource(this.#connection, request))
    }
    return new Reader(open, bounds)
  }

  async seek(
    topic: string,
    position: Position,
    options: SeekOptions = {},
  ): Promise<LogEvent | undefined> {
    this.#assertOpen()
    const { nearest, consistency } = checkSeek(topic, position, options)
    const { event } = await this.#call(
      methods.seek,
      create(messages.SeekRequestSchema, {
        topic,
        position: positionToMessage(position),
        nearest: nearestToMessage(nearest),
        consistency: consistencyToMessage(consistency),
      }),
    )
    return event && eventFromMessage(event)
  }

  cursor(topic: string, consumer: string, options?: CursorOptions): RemoteCursor {
    if (this.#closing !== undefined) throw closedError()
    return new RemoteCursor(this.#connection, topic, consumer, options)
  }

  consumer(topic: string, consumer: string, options?: ConsumerOptions): RemoteConsumer {
    if (this.#closing !== undefined) throw closedError()
    const remote = new RemoteConsumer(this.#connection, topic, consumer, options, () => {
      this.#consumers.delete(remote)
    })
    this.#consumers.add(remote)
    return remote
  }

  async topics(options: TopicsOptions = {}): Promise<string[]> {
    this.#assertOpen()
    const { prefix, after = '', limit } = checkTopics(options)
    const request = create(messages.ListTopicsRequestSchema, { prefix, after, limit })
    return (await this.#call(methods.listTopics, request)).topics
  }

  async describe(topic: string, options?: ConsistencyOptions): Promise<TopicDescription> {
    this.#assertOpen()
    nameBytes('topic', topic)
    const consistency = consistencyToMessage(checkConsistencyOptions(options))
    const request = create(messages.DescribeTopicRequestSchema, { topic, consistency })
    return topicFromMessage(await this.#call(methods.describeTopic, request))
  }

  async histogram(
    topics: TopicSelector,
    options: HistogramOptions = {},
  ): Promise<HistogramBucket[]> {
    this.#assertOpen()
    checkOptions(options, ['from', 'to', 'interval'])
    checkSelector(topics)
    const { from, to, interval } = options
    if (interval !== undefined && interval !== 'month' && interval !== 'year') intervalMs(interval)
    const { buckets } = await this.#call(
      methods.histogram,
      create(messages.HistogramRequestSchema, {
        topics: selectorToMessage(topics),
        ...(from !== undefined && { from: checkIdOrTime('from', from) }),
        ...(to !== undefined && { to: checkIdOrTime('to', to) }),
        ...(interval !== undefined && { interval }),
      }),
    )
    return buckets.map(bucketFromMessage)
  }

  async cursors(options: CursorsOptions = {}): Promise<CursorDescription[]> {
    this.#assertOpen()
    const { topic = '', after, limit } = checkCursors(options)
    const { cursors } = await this.#call(
      methods.listCursors,
      create(messages.ListCursorsRequestSchema, { topic, limit, ...(after && { after }) }),
    )
    return cursors.map(cursorFromMessage)
  }

  async trim(topic: string, options: TrimOptions): Promise<TrimResult> {
    this.#assertOpen()
    checkOptions(options, ['before'])
    nameBytes('topic', topic)
    checkPosition(options?.before, true)
    const before = positionToMessage(options.before)
    const request = create(messages.TrimTopicRequestSchema, { topic, before })
    return trimFromMessage(await this.#call(methods.trimTopic, request))
  }

  async setRetention(topic: string, retention: Retention | null): Promise<void> {
    this.#assertOpen()
    const kept = retentionToMessage(checkRetention(retention))
    nameBytes('topic', topic)
    const request = { topic, ...(kept !== undefined && { retention: kept }) }
    await this.#call(methods.setRetention, create(messages.SetRetentionRequestSchema, request))
  }

  async deleteTopic(topic: string): Promise<void> {
    this.#assertOpen()
    nameBytes('topic', topic)
    await this.#call(methods.deleteTopic, create(messages.DeleteTopicRequestSchema, { topic }))
  }

  verify(options: VerifyOptions = {}): AsyncIterableIterator<VerifyStep> {
    if (this.#closing !== undefined) throw closedError()
    checkOptions(options, ['signal'])
    checkSignal(options.signal)
    return verifyRemote(this.#connection, options)
  }

  async exportTo(sink: ByteSink, options: ExportOptions = {}): Promise<TransferResult> {
    this.#assertOpen()
    return exportRemote(this.#connection, sink, options)
  }

  async importFrom(
    source: AsyncIterable<Uint8Array>,
    options: ImportOptions = {},
  ): Promise<TransferResult> {
    this.#assertOpen()
    return importRemote(this.#connection, source, options)
  }

  /** How the server is. */
  async status(): Promise<ServerStatus> {
    this.#assertOpen()
    return statusFromMessage(await this.#call(methods.status, create(messages.StatusRequestSchema)))
  }

  /**
   * Waits for the appends under way, ends readers and consumers with GOETHE_CLOSED, and
   * disconnects. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await Promise.all([
      this.#sender.close(),
      Promise.allSettled(this.#calls),
      ...[...this.#consumers].map((consumer) => consumer.end(closedError())),
    ])
    this.#connection.close()
    this.#sender.fail(closedError())
    this.emit('close')
  }

  async #appendAll(
    parts: readonly AppendPart[],
    signal: AppendAllOptions['signal'],
  ): Promise<Receipt[]> {
    const [first, ...others] = parts
    const { also = [], ...receipt } = await this.#sender.append({ ...first!, also: others }, signal)
    const ownProducer = first!.producer !== undefined
    return [receipt, ...also].map((one, index) => {
      const { topic } = parts[index]!
      return { ...one, topic, repeated: one.repeated && ownProducer }
    })
  }

  /** A call that closing waits for. */
  #call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    signal?: AppendOptions['signal'],
  ): Promise<Response> {
    const call = callUnary(this.#connection, method, request, signal)
    this.#calls.add(call)
    void call
      .catch(() => undefined)
      .finally(() => {
        this.#calls.delete(call)
      })
    return call
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closedError()
  }
}
