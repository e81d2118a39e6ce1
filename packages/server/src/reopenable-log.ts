import type {
  AppendAllOptions,
  AppendEntry,
  AppendOptions,
  ByteSink,
  ConsistencyOptions,
  ConsumerOptions,
  CursorDescription,
  ExportOptions,
  GoetheError,
  HistogramBucket,
  HistogramOptions,
  ImportOptions,
  LogEvent,
  LogStatus,
  OwnCursorsOptions,
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
import type {
  BlockReader,
  ServedConsumer,
  ServedCursor,
  ServedCursorOptions,
  ServedLog,
} from './served-log.js'

export interface ReopenableLogOptions {
  id(): string
  /** The log at the moment; throws where there is none. */
  current(): ServedLog
  /** Why nothing can be written at the moment. */
  refusal(): GoetheError | undefined
  /** Why nothing can be appended at the moment, while what makes room may still be written. */
  appendRefusal(): GoetheError | undefined
  close(): Promise<void>
}

/** Hands every call to the log of the moment, and refuses at once what that cannot do. */
export class ReopenableLog implements ServedLog {
  readonly #options: ReopenableLogOptions

  constructor(options: ReopenableLogOptions) {
    this.#options = options
  }

  get id(): string {
    return this.#options.id()
  }

  append(
    topic: string,
    payloads: Uint8Array | readonly Uint8Array[],
    options?: AppendOptions,
  ): Promise<Receipt> {
    const refusal = this.#options.appendRefusal()
    if (refusal !== undefined) return Promise.reject(refusal)
    return this.#options.current().append(topic, payloads, options)
  }

  appendAll(entries: readonly AppendEntry[], options?: AppendAllOptions): Promise<Receipt[]> {
    const refusal = this.#options.appendRefusal()
    if (refusal !== undefined) return Promise.reject(refusal)
    return this.#options.current().appendAll(entries, options)
  }

  async importFrom(
    source: AsyncIterable<Uint8Array>,
    options?: ImportOptions,
  ): Promise<TransferResult> {
    const refusal = this.#options.appendRefusal()
    if (refusal !== undefined) throw refusal
    return this.#options.current().importFrom(source, options)
  }

  read(topics: TopicSelector, options?: ReadOptions): BlockReader {
    return this.#options.current().read(topics, options)
  }

  async seek(
    topic: string,
    position: Position,
    options?: SeekOptions,
  ): Promise<LogEvent | undefined> {
    return this.#options.current().seek(topic, position, options)
  }

  cursor(topic: string, consumer: string, options?: ServedCursorOptions): ServedCursor {
    return this.#options.current().cursor(topic, consumer, options)
  }

  consumer(topic: string, consumer: string, options?: ConsumerOptions): ServedConsumer {
    return this.#options.current().consumer(topic, consumer, options)
  }

  async topics(options?: TopicsOptions): Promise<string[]> {
    return this.#options.current().topics(options)
  }

  async describe(topic: string, options?: ConsistencyOptions): Promise<TopicDescription> {
    return this.#options.current().describe(topic, options)
  }

  async histogram(topics: TopicSelector, options?: HistogramOptions): Promise<HistogramBucket[]> {
    return this.#options.current().histogram(topics, options)
  }

  async cursors(options?: OwnCursorsOptions): Promise<CursorDescription[]> {
    return this.#options.current().cursors(options)
  }

  async trim(topic: string, options: TrimOptions): Promise<TrimResult> {
    this.#assertWritable()
    return this.#options.current().trim(topic, options)
  }

  async setRetention(topic: string, retention: Retention | null): Promise<void> {
    this.#assertWritable()
    return this.#options.current().setRetention(topic, retention)
  }

  async deleteTopic(topic: string): Promise<void> {
    this.#assertWritable()
    return this.#options.current().deleteTopic(topic)
  }

  verify(options?: VerifyOptions): AsyncIterableIterator<VerifyStep> {
    return this.#options.current().verify(options)
  }

  async exportTo(sink: ByteSink, options?: ExportOptions): Promise<TransferResult> {
    return this.#options.current().exportTo(sink, options)
  }

  async confirm(): Promise<void> {
    return this.#options.current().confirm()
  }

  status(): LogStatus {
    const status = this.#options.current().status()
    return { ...status, writable: status.writable && this.#options.appendRefusal() === undefined }
  }

  close(): Promise<void> {
    return this.#options.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #assertWritable(): void {
    const refusal = this.#options.refusal()
    if (refusal !== undefined) throw refusal
  }
}
