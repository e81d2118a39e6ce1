import {
  type AppendAllOptions,
  type AppendEntry,
  type AppendOptions,
  type ByteSink,
  type ConsistencyOptions,
  type ConsumerOptions,
  type CursorDescription,
  type ExportOptions,
  GoetheError,
  type HistogramBucket,
  type HistogramOptions,
  type ImportOptions,
  type LogEvent,
  type LogStatus,
  type OwnCursorsOptions,
  type Position,
  type ReadOptions,
  type Receipt,
  type Retention,
  type SeekOptions,
  type TopicDescription,
  type TopicSelector,
  type TopicsOptions,
  type TransferResult,
  type TrimOptions,
  type TrimResult,
  type VerifyOptions,
  type VerifyStep,
} from '@goethe/core'
import { checkAppendAll, checkSelector, nameBytes } from '@goethe/core/contract'
import type { Grant, Identity, Right } from '../identity.js'
import type {
  BlockReader,
  ServedConsumer,
  ServedCursor,
  ServedCursorOptions,
  ServedLog,
} from '../served-log.js'
import { allows, allowsAll, patternsOf } from './grants.js'
import { cursorsWithin, topicsWithin } from './visible-lists.js'

const allRights: readonly Right[] = ['read', 'append', 'consume', 'admin']

/** Who may do so with a topic learns that it exists. */
const seesTopics: readonly Right[] = ['read', 'consume', 'admin']

/** Administrators have to know who keeps events from being trimmed. */
const seesCursors: readonly Right[] = ['consume', 'admin']

/**
 * The log as an identity may use it. What it may not do is refused with GOETHE_FORBIDDEN before the
 * log is asked anything, so that the refusal is the same whether there is such a topic or not.
 * Whoever may do everything gets the log itself.
 */
export function authorized(log: ServedLog, { grants }: Identity): ServedLog {
  const isEverything = grants.some(
    ({ topics, rights }) => topics === '*' && allRights.every((right) => rights.includes(right)),
  )
  return isEverything ? log : new AuthorizedLog(log, grants)
}

class AuthorizedLog implements ServedLog {
  readonly id: string
  readonly #log: ServedLog
  readonly #grants: readonly Grant[]

  constructor(log: ServedLog, grants: readonly Grant[]) {
    this.id = log.id
    this.#log = log
    this.#grants = grants
  }

  append(
    topic: string,
    payloads: Uint8Array | readonly Uint8Array[],
    options?: AppendOptions,
  ): Promise<Receipt> {
    const refusal = this.#refusal('append', topic)
    if (refusal !== undefined) return Promise.reject(refusal)
    return this.#log.append(topic, payloads, options)
  }

  appendAll(entries: readonly AppendEntry[], options?: AppendAllOptions): Promise<Receipt[]> {
    checkAppendAll(entries)
    for (const { topic } of entries) {
      const refusal = this.#refusal('append', topic)
      if (refusal !== undefined) return Promise.reject(refusal)
    }
    return this.#log.appendAll(entries, options)
  }

  read(topics: TopicSelector, options?: ReadOptions): BlockReader {
    this.#checkSelector('read', topics)
    if (typeof topics === 'string') this.#checkPosition(topics, options?.from)
    return this.#log.read(topics, options)
  }

  async seek(
    topic: string,
    position: Position,
    options?: SeekOptions,
  ): Promise<LogEvent | undefined> {
    this.#check('read', topic)
    this.#checkPosition(topic, position)
    return this.#log.seek(topic, position, options)
  }

  cursor(topic: string, consumer: string, options?: ServedCursorOptions): ServedCursor {
    this.#check('consume', topic)
    return this.#log.cursor(topic, consumer, options)
  }

  consumer(topic: string, consumer: string, options?: ConsumerOptions): ServedConsumer {
    this.#check('consume', topic)
    const deadLetter = options?.deadLetter
    // Events are moved there in the name of the caller.
    if (deadLetter !== undefined) this.#check('append', deadLetter)
    return this.#log.consumer(topic, consumer, options)
  }

  async topics(options?: TopicsOptions): Promise<string[]> {
    return topicsWithin(this.#log, patternsOf(this.#grants, seesTopics), options)
  }

  async describe(topic: string, options?: ConsistencyOptions): Promise<TopicDescription> {
    this.#check('read', topic)
    return this.#log.describe(topic, options)
  }

  async histogram(topics: TopicSelector, options?: HistogramOptions): Promise<HistogramBucket[]> {
    this.#checkSelector('read', topics)
    return this.#log.histogram(topics, options)
  }

  async cursors({ topic, ...options }: OwnCursorsOptions = {}): Promise<CursorDescription[]> {
    if (topic === undefined) {
      return cursorsWithin(this.#log, patternsOf(this.#grants, seesCursors), options)
    }
    if (!allows(this.#grants, 'admin', topic)) this.#check('consume', topic)
    return this.#log.cursors({ topic, ...options })
  }

  async trim(topic: string, options: TrimOptions): Promise<TrimResult> {
    this.#check('admin', topic)
    this.#checkPosition(topic, options?.before)
    return this.#log.trim(topic, options)
  }

  async setRetention(topic: string, retention: Retention | null): Promise<void> {
    this.#check('admin', topic)
    return this.#log.setRetention(topic, retention)
  }

  async deleteTopic(topic: string): Promise<void> {
    this.#check('admin', topic)
    return this.#log.deleteTopic(topic)
  }

  verify(options?: VerifyOptions): AsyncIterableIterator<VerifyStep> {
    this.#checkAll('admin', '')
    return this.#log.verify(options)
  }

  async exportTo(sink: ByteSink, options?: ExportOptions): Promise<TransferResult> {
    this.#checkAll('admin', '')
    return this.#log.exportTo(sink, options)
  }

  async importFrom(
    source: AsyncIterable<Uint8Array>,
    options?: ImportOptions,
  ): Promise<TransferResult> {
    this.#checkAll('admin', '')
    return this.#log.importFrom(source, options)
  }

  /** For everybody who is known: it names no topic. */
  confirm(): Promise<void> {
    return this.#log.confirm()
  }

  /** For everybody who is known, as well. */
  status(): LogStatus {
    return this.#log.status()
  }

  async close(): Promise<void> {
    this.#checkAll('admin', '')
    return this.#log.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** What is no name is a wrong argument, whoever uses it. */
  #refusal(right: Right, topic: string): GoetheError | undefined {
    if (allows(this.#grants, right, topic)) return undefined
    nameBytes('topic', topic)
    return forbidden(right, topic)
  }

  #check(right: Right, topic: string): void {
    const refusal = this.#refusal(right, topic)
    if (refusal !== undefined) throw refusal
  }

  #checkAll(right: Right, prefix: string): void {
    if (!allowsAll(this.#grants, right, prefix)) throw forbidden(right, `${prefix}*`)
  }

  #checkSelector(right: Right, topics: TopicSelector): void {
    const selector = checkSelector(topics)
    if (selector.type === 'topic') this.#check(right, selector.topic)
    else this.#checkAll(right, selector.prefix)
  }

  /** Where a consumer stands is known to those who may consume. */
  #checkPosition(topic: string, position: Position | undefined): void {
    if (typeof position !== 'object' || position === null || !('cursor' in position)) return
    this.#check('consume', topic)
  }
}

/** Always in these words: what was asked for, and nothing about what there is. */
export function forbidden(right: Right, topics: string): GoetheError {
  return new GoetheError('GOETHE_FORBIDDEN', `This identity has no right to ${right} '${topics}'`)
}
