import type {
  AppendAllOptions,
  AppendEntry,
  AppendOptions,
  Receipt,
  Retention,
  TrimOptions,
  TrimResult,
} from '@goethe/core'
import {
  checkAppend,
  checkAppendAll,
  checkOptions,
  checkPosition,
  checkRetention,
  checkSignal,
  nameBytes,
} from '@goethe/core/contract'
import {
  create,
  eventLogMethods as methods,
  expectationToMessage,
  messages,
  positionToMessage,
  receiptFromMessage,
  retentionToMessage,
  trimFromMessage,
} from '@goethe/protocol'
import { ReopenableLog, type ReopenableLogOptions } from '../reopenable-log.js'
import type { ServedCursor, ServedCursorOptions } from '../served-log.js'
import type { Forwarder } from './forwarder.js'
import { ForwardingCursor } from './forwarding-cursor.js'

/**
 * The log of a member that has the leader do what it cannot write itself: appends, cursors, and what
 * is kept of topics. All else is as without it; consumers and imports go to the leader by themselves.
 */
export class ForwardingLog extends ReopenableLog {
  readonly #forwarder: Forwarder

  constructor(options: ReopenableLogOptions, forwarder: Forwarder) {
    super(options)
    this.#forwarder = forwarder
  }

  override async append(
    topic: string,
    payloads: Uint8Array | readonly Uint8Array[],
    options?: AppendOptions,
  ): Promise<Receipt> {
    const { target } = this.#forwarder
    if (target === undefined) return super.append(topic, payloads, options)
    nameBytes('topic', topic)
    const part = checkAppend(topic, payloads, options)
    if (options?.signal !== undefined) checkSignal(options.signal)
    return this.#forwarder.carry(target, methods.append, part, options?.signal)
  }

  override async appendAll(
    entries: readonly AppendEntry[],
    options?: AppendAllOptions,
  ): Promise<Receipt[]> {
    const { target } = this.#forwarder
    if (target === undefined) return super.appendAll(entries, options)
    checkOptions(options, ['signal'])
    checkSignal(options?.signal)
    const request = create(messages.AppendAllRequestSchema, {
      entries: checkAppendAll(entries).map(({ topic, payloads, expect, producer, time }) =>
        create(messages.AppendRequestSchema, {
          topic,
          payloads: [...payloads],
          ...(expect !== undefined && { expect: expectationToMessage(expect) }),
          ...(producer && { producer: { id: producer.id, sequence: BigInt(producer.sequence) } }),
          ...(time !== undefined && { time }),
        }),
      ),
    })
    const { signal } = options ?? {}
    const { receipts } = await this.#forwarder.carry(target, methods.appendAll, request, signal)
    return receipts.map(receiptFromMessage)
  }

  override cursor(topic: string, consumer: string, options?: ServedCursorOptions): ServedCursor {
    if (this.#forwarder.target === undefined) return super.cursor(topic, consumer, options)
    return new ForwardingCursor(topic, consumer, options, {
      forwarder: this.#forwarder,
      own: (session) => super.cursor(topic, consumer, { ...options, session }),
      read: (readOptions) => super.read(topic, readOptions),
    })
  }

  override async trim(topic: string, options: TrimOptions): Promise<TrimResult> {
    const { target } = this.#forwarder
    if (target === undefined) return super.trim(topic, options)
    checkOptions(options, ['before'])
    nameBytes('topic', topic)
    checkPosition(options.before, true)
    const before = positionToMessage(options.before)
    const request = create(messages.TrimTopicRequestSchema, { topic, before })
    return trimFromMessage(await this.#forwarder.carry(target, methods.trimTopic, request))
  }

  override async setRetention(topic: string, retention: Retention | null): Promise<void> {
    const { target } = this.#forwarder
    if (target === undefined) return super.setRetention(topic, retention)
    const kept = retentionToMessage(checkRetention(retention))
    nameBytes('topic', topic)
    const request = create(messages.SetRetentionRequestSchema, {
      topic,
      ...(kept !== undefined && { retention: kept }),
    })
    await this.#forwarder.carry(target, methods.setRetention, request)
  }

  override async deleteTopic(topic: string): Promise<void> {
    const { target } = this.#forwarder
    if (target === undefined) return super.deleteTopic(topic)
    nameBytes('topic', topic)
    const request = create(messages.DeleteTopicRequestSchema, { topic })
    await this.#forwarder.carry(target, methods.deleteTopic, request)
  }
}
