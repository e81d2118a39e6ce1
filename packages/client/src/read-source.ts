/**
 * The blocks of one iteration, from a server. When the stream breaks, the next one goes on behind
 * the event that was received last.
 */
import type { ClientReadableStream, Client as GrpcClient } from '@grpc/grpc-js'
import type { AbortSignalLike, GoetheError, Position, TopicSelector } from '@goethe/core'
import { type BlockRange, type RangeSource, abortedError } from '@goethe/core/contract'
import {
  type ReadMessage,
  create,
  eventLogMethods,
  messages,
  positionToMessage,
  selectorToMessage,
} from '@goethe/protocol'
import { backoffMs } from './backoff.js'
import { deadlineOf, openRead, pause } from './calls.js'
import type { Connection } from './connection.js'
import { closedError, errorOf, isDisconnect, isPassing } from './failures.js'

export interface ReadRequest {
  topics: TopicSelector
  /** Undefined: the start, or the end in reverse. */
  from: Position | undefined
  to: bigint | undefined
  reverse: boolean
  /** Infinity: no limit. */
  limit: number
  follow: boolean
  signal: AbortSignalLike | undefined
}

export class ReadSource implements RangeSource {
  readonly #connection: Connection
  readonly #request: ReadRequest
  #from: Position | undefined
  #left: number
  #client: GrpcClient | undefined
  #stream: ClientReadableStream<ReadMessage> | undefined
  #messages: AsyncIterator<ReadMessage> | undefined
  #failures = 0
  #ended = false
  /** When to give up, unless something comes; a read that follows has begun never does. */
  #deadline: number
  #begun = false
  readonly #onAbort = (): void => {
    this.#stream?.cancel()
  }

  constructor(connection: Connection, request: ReadRequest) {
    this.#connection = connection
    this.#request = request
    this.#from = request.from
    this.#left = request.limit
    this.#deadline = deadlineOf(connection)
    request.signal?.addEventListener('abort', this.#onAbort, { once: true })
    connection.closing.addEventListener('abort', this.#onAbort, { once: true })
  }

  async next(): Promise<BlockRange[] | undefined> {
    const { signal } = this.#request
    while (!this.#ended) {
      if (this.#connection.closed) throw closedError()
      if (signal?.aborted) throw abortedError(signal)
      try {
        this.#messages ??= await this.#open()
        const next = await this.#messages.next()
        if (this.#ended) return undefined
        if (next.done === true) return await this.#end()
        this.#failures = 0
        this.#begun = true
        this.#deadline = deadlineOf(this.#connection)
        const { ranges, beganAfter } = next.value
        if (beganAfter !== undefined) this.#from = { after: beganAfter }
        if (ranges.length === 0) continue
        this.#note(ranges)
        return ranges
      } catch (failure) {
        await this.#recover(errorOf(failure))
      }
    }
    return undefined
  }

  async close(): Promise<void> {
    await this.#end()
  }

  async #end(): Promise<undefined> {
    this.#ended = true
    this.#request.signal?.removeEventListener('abort', this.#onAbort)
    this.#connection.closing.removeEventListener('abort', this.#onAbort)
    this.#stream?.cancel()
    this.#stream = undefined
    return Promise.resolve(undefined)
  }

  async #open(): Promise<AsyncIterator<ReadMessage>> {
    const { signal } = this.#request
    const endless = this.#begun && this.#request.follow
    const client = await this.#connection.acquire(endless ? Infinity : this.#deadline, signal)
    const metadata = await this.#connection.metadata()
    this.#client = client
    const stream = openRead(client, eventLogMethods.read, this.#message(), metadata)
    this.#stream = stream
    if (this.#ended || signal?.aborted) stream.cancel()
    return (stream as AsyncIterable<ReadMessage>)[Symbol.asyncIterator]()
  }

  #message(): messages.ReadRequest {
    const { topics, to, reverse, follow } = this.#request
    return create(messages.ReadRequestSchema, {
      topics: selectorToMessage(topics),
      reverse,
      follow,
      ...(this.#from !== undefined && { from: positionToMessage(this.#from) }),
      ...(to !== undefined && { to }),
      ...(this.#left !== Infinity && { limit: BigInt(this.#left) }),
    })
  }

  /** Where the next stream goes on. */
  #note(ranges: readonly BlockRange[]): void {
    for (const { count } of ranges) this.#left -= count
    const { block, from, to } = ranges.at(-1)!
    if (this.#request.reverse) this.#from = block.firstId + BigInt(from) - 1n
    else this.#from = { after: block.firstId + BigInt(to) - 1n }
  }

  async #recover(error: GoetheError): Promise<void> {
    const { signal, follow } = this.#request
    this.#messages = undefined
    this.#stream?.cancel()
    if (this.#connection.closed) throw closedError()
    if (signal?.aborted) throw abortedError(signal)
    if (this.#ended) return
    if (!isPassing(error)) throw error
    if (this.#client !== undefined && isDisconnect(error)) {
      this.#connection.failed(this.#client, error)
    }
    const { random } = this.#connection.options
    const delayMs = error.details.retryDelayMs ?? backoffMs(this.#failures++, random)
    const endless = this.#begun && follow
    if (!endless && performance.now() + delayMs >= this.#deadline) throw error
    await pause(this.#connection, delayMs, signal)
  }
}
