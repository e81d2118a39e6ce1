/**
 * The blocks of one iteration, from a server. When the stream breaks, the next one goes on behind
 * the event that was received last.
 */
import type { ClientReadableStream, Client as GrpcClient } from '@grpc/grpc-js'
import type {
  AbortSignalLike,
  Consistency,
  GoetheError,
  Position,
  TopicSelector,
} from '@goethe/core'
import type { BlockRange, RangeSource } from '@goethe/core/contract'
import {
  type ReadMessage,
  consistencyToMessage,
  create,
  eventLogMethods,
  messages,
  positionToMessage,
  selectorToMessage,
} from '@goethe/protocol'
import { retryDelayMs } from './backoff.js'
import { openRead } from './calls.js'
import type { Connection } from './connection.js'
import { asThrown, errorOf, isDisconnect, isPassing } from './failures.js'
import { assertGoingOn, deadlineOf, noAnswerError, pause } from './waiting.js'

export interface ReadRequest {
  topics: TopicSelector
  /** Undefined: the start, or the end in reverse. */
  from: Position | undefined
  to: bigint | undefined
  reverse: boolean
  /** Infinity: no limit. */
  limit: number
  follow: boolean
  consistency: Consistency
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
  /** When to give up, unless something comes. */
  #deadline = 0
  /** True once a read that follows is known to: nothing is a good answer then. */
  #follows = false
  #isLate = false
  readonly #stopListening: () => void
  /** Called once it is known where the end was. */
  #letAppendsGo: () => void = () => undefined
  readonly #onAbort = (): void => {
    this.#stream?.cancel()
  }

  constructor(connection: Connection, request: ReadRequest) {
    this.#connection = connection
    this.#request = request
    this.#from = request.from
    this.#left = request.limit
    this.#stopListening = connection.onEnd(request.signal, this.#onAbort)
    if (request.follow && request.from === 'end') this.#letAppendsGo = connection.gate.hold()
  }

  async next(): Promise<BlockRange[] | undefined> {
    // What counts is how long the server takes, and not the caller between two calls.
    this.#deadline = deadlineOf(this.#connection)
    while (!this.#ended && this.#left > 0) {
      assertGoingOn(this.#connection, this.#request.signal)
      try {
        const next = await this.#receive()
        if (this.#ended) return undefined
        if (next.done === true) return await this.#end()
        this.#failures = 0
        this.#deadline = deadlineOf(this.#connection)
        const { ranges, beganAfter } = next.value
        if (beganAfter !== undefined) this.#from = { after: beganAfter }
        this.#letAppendsGo()
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
    this.#letAppendsGo()
    this.#stopListening()
    this.#stream?.cancel()
    this.#stream = undefined
    return Promise.resolve(undefined)
  }

  /** The next message, within the deadline where there is one. */
  async #receive(): Promise<IteratorResult<ReadMessage, unknown>> {
    const { clock, nowMs } = this.#connection.options
    const messages = (this.#messages ??= await this.#open())
    if (this.#follows) return messages.next()
    const stopTimer = clock.setTimer(
      () => {
        if (this.#follows) return
        this.#isLate = true
        this.#stream?.cancel()
      },
      Math.max(this.#deadline - nowMs(), 0),
    )
    try {
      return await messages.next()
    } finally {
      stopTimer()
    }
  }

  async #open(): Promise<AsyncIterator<ReadMessage>> {
    const { signal, follow } = this.#request
    const deadline = this.#follows ? Infinity : this.#deadline
    const client = await this.#connection.acquire(deadline, signal)
    const metadata = await this.#connection.metadata(deadline, signal)
    this.#client = client
    const stream = openRead(client, eventLogMethods.read, this.#message(), metadata)
    // A stream that is cancelled when nobody waits for its next message has an error all the same.
    stream.on('error', () => undefined)
    if (follow) {
      stream.on('metadata', () => {
        this.#follows = true
      })
    }
    this.#stream = stream
    if (this.#ended || signal?.aborted === true) stream.cancel()
    return (stream as AsyncIterable<ReadMessage>)[Symbol.asyncIterator]()
  }

  #message(): messages.ReadRequest {
    const { topics, to, reverse, follow, consistency } = this.#request
    return create(messages.ReadRequestSchema, {
      topics: selectorToMessage(topics),
      reverse,
      follow,
      consistency: consistencyToMessage(consistency),
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
    const { signal } = this.#request
    const { random, nowMs } = this.#connection.options
    this.#messages = undefined
    this.#stream?.cancel()
    assertGoingOn(this.#connection, signal)
    if (this.#ended) return
    if (this.#isLate) throw noAnswerError(this.#connection)
    // Who was never reached is looked for as long as a first connection may take, and no longer.
    if (!isPassing(error) || !this.#connection.everConnected) throw asThrown(error)
    if (this.#client !== undefined && isDisconnect(error)) {
      this.#connection.failed(this.#client, error)
    }
    const delayMs = retryDelayMs(error, this.#failures++, random)
    if (!this.#follows && nowMs() + delayMs >= this.#deadline) throw error
    await pause(this.#connection, delayMs, signal)
  }
}
