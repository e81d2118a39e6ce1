/**
 * One instance of a consumer, on a server. Events are asked for ahead of their turn, more of them
 * the faster they are handled; what was sent ahead and is not looked at soon goes back, so that a
 * slow instance keeps nothing from others. After a broken connection the instance goes on with what
 * it holds, if it is back in time; a server that was restarted delivers that again.
 */
import type { ClientDuplexStream, Client as GrpcClient } from '@grpc/grpc-js'
import { type ConsumerApi, type ConsumerOptions, type Delivery, GoetheError } from '@goethe/core'
import { abortedError, checkConsumerOptions, nameBytes } from '@goethe/core/contract'
import {
  type ConsumeCommand,
  type ConsumeReport,
  create,
  eventLogMethods,
  messages,
  positionToMessage,
} from '@goethe/protocol'
import { backoffMs } from './backoff.js'
import { openDuplex } from './calls.js'
import type { Connection } from './connection.js'
import { emptyCommand, isEmpty } from './consume-command.js'
import { closedError, errorOf, isDisconnect, isPassing } from './failures.js'
import { RemoteDelivery } from './remote-delivery.js'
import { deadlineOf, noAnswerError, pause } from './waiting.js'

type Stream = ClientDuplexStream<ConsumeCommand, ConsumeReport>

interface Waiter {
  resolve(result: IteratorResult<Delivery, undefined>): void
  reject(error: GoetheError): void
}

/** What was sent ahead goes back when it was not looked at for so long. */
const unlookedMs = 250

/** How often acks and nacks are looked for that have waited too long. */
const expiryMs = 250

export class RemoteConsumer implements ConsumerApi {
  readonly topic: string
  readonly consumer: string
  readonly #connection: Connection
  readonly #options: ConsumerOptions
  readonly #maxInFlight: number
  readonly #waiters: Waiter[] = []
  /** Sent ahead of their turn. */
  #ahead: RemoteDelivery[] = []
  /** Handed out or ahead, and not settled, by number. */
  readonly #open = new Map<number, RemoteDelivery>()
  #received = 0
  #credit = 0
  /** How many to ask for at a time. */
  #window = 1
  #instance = ''
  #command: ConsumeCommand = emptyCommand()
  #flushing = false
  #stream: Stream | undefined
  #running: Promise<void> | undefined
  #failure: GoetheError | undefined
  #closed = false
  /** True once the server has named the instance in this stream: until then, numbers may be another's. */
  #attached = false
  /** The releases said last: the server holds no more deliveries than that. */
  #released: number[] = []
  /** Fires when the consumer has ended, and nothing is left to be said. */
  readonly #over = new AbortController()
  #leaving: Promise<void> | undefined
  #stopReturn: (() => void) | undefined
  #stopExpiry: (() => void) | undefined
  /** Deliveries taken from those ahead. */
  #looks = 0
  readonly #onEnd: () => void
  #stopListening: () => void
  readonly #onAbort = (): void => {
    void this.end(abortedError(this.#options.signal!))
  }
  readonly #onClose = (): void => {
    this.#fail(closedError())
  }

  constructor(
    connection: Connection,
    topic: string,
    consumer: string,
    options: ConsumerOptions = {},
    onEnd: () => void = () => undefined,
  ) {
    this.#onEnd = onEnd
    nameBytes('topic', topic)
    nameBytes('consumer', consumer)
    this.#maxInFlight = checkConsumerOptions(topic, options).maxInFlight
    this.topic = topic
    this.consumer = consumer
    this.#connection = connection
    this.#options = options
    options.signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.#stopListening = connection.onClose(this.#onClose)
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Delivery> {
    const iterator: AsyncIterableIterator<Delivery> = {
      next: () => this.#next(),
      return: async () => {
        await this.close()
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  /** Gives back what this instance holds; the loop over it ends. */
  async close(): Promise<void> {
    this.#closed = true
    for (const { resolve } of this.#waiters.splice(0)) resolve({ done: true, value: undefined })
    this.#leaving ??= this.#leave()
    await this.#leaving
    this.#endDeliveries(new GoetheError('GOETHE_DELIVERY_EXPIRED', 'The consumer was closed'))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** As `close`, but with an error for whoever waits. */
  async end(error: GoetheError): Promise<void> {
    if (this.#ended) return
    this.#failure = error
    for (const { reject } of this.#waiters.splice(0)) reject(error)
    this.#leaving ??= this.#leave()
    await this.#leaving
    this.#endDeliveries(error)
  }

  #next(): Promise<IteratorResult<Delivery, undefined>> {
    if (this.#options.signal?.aborted) {
      return Promise.reject(abortedError(this.#options.signal))
    }
    if (this.#closed) return Promise.resolve({ done: true, value: undefined })
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const delivery = this.#ahead.shift()
    if (delivery !== undefined) {
      delivery.lookAt()
      this.#looks++
      this.#ask()
      return Promise.resolve({ done: false, value: delivery })
    }
    // Whoever has to wait after the first time handles events faster than they come.
    if (this.#received > 0) this.#window = Math.min(this.#window * 2, this.#maxInFlight)
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#ask()
      this.#running ??= this.#run()
    })
  }

  /** Asks for as much as is waited for, and ahead of that for as much as was handled quickly. */
  #ask(): void {
    const expected = this.#ahead.length + this.#credit
    if (expected > this.#window / 2 && expected >= this.#waiters.length) return
    const wanted = Math.max(this.#window, this.#waiters.length) - expected
    if (wanted <= 0) return
    this.#credit += wanted
    this.#command.credit += wanted
    this.#flush()
  }

  /**
   * Keeps the stream open, one after the other, until the consumer ends; and beyond that while an
   * acknowledgement waits for its answer.
   */
  async #run(): Promise<void> {
    const { signal } = this.#over
    let begun = false
    let failures = 0
    let deadline = deadlineOf(this.#connection)
    while (!signal.aborted && (!this.#ended || this.#hasUnanswered)) {
      let client: GrpcClient | undefined
      if (begun) deadline = deadlineOf(this.#connection)
      try {
        client = await this.#connection.acquire(begun ? Infinity : deadline, signal)
        const metadata = await this.#connection.metadata(deadline, signal)
        if (this.#ended && !this.#hasUnanswered) return
        const stream = openDuplex(client, eventLogMethods.consume, metadata)
        await this.#use(stream, () => {
          begun = true
          failures = 0
        })
        if (this.#ended) continue
        await pause(
          this.#connection,
          backoffMs(failures++, this.#connection.options.random),
          signal,
        )
      } catch (failure) {
        const error = errorOf(failure)
        if (signal.aborted || this.#connection.closed) return
        // Once it has begun, an instance goes on for good: a silent server is as good as none.
        const isSilent = begun && error.code === 'GOETHE_DEADLINE'
        if (!isPassing(error) && !isSilent) {
          this.#fail(error)
          return
        }
        if (client !== undefined && (isSilent || isDisconnect(error))) {
          this.#connection.failed(client, error)
        }
        const { everConnected, options } = this.#connection
        if (!begun && (!everConnected || options.nowMs() >= deadline)) {
          this.#fail(error)
          return
        }
        const delayMs = error.details.retryDelayMs ?? backoffMs(failures++, options.random)
        await pause(this.#connection, delayMs, signal).catch(() => undefined)
      }
    }
  }

  get #ended(): boolean {
    return this.#closed || this.#failure !== undefined
  }

  get #hasUnanswered(): boolean {
    for (const delivery of this.#open.values()) if (delivery.isUnanswered) return true
    return false
  }

  /** Resolves when the server ends the stream, rejects when it breaks or is not taken up in time. */
  async #use(stream: Stream, onBegun: () => void): Promise<void> {
    const ended = new Promise<void>((resolve, reject) => {
      stream.on('error', reject)
      stream.on('end', resolve)
    })
    stream.on('data', (report: ConsumeReport) => {
      onBegun()
      this.#onReport(report)
    })
    this.#stream = stream
    this.#attached = false
    // What was asked for and has not come is asked for again, and what is settled is said again.
    const command = emptyCommand()
    command.open = this.#opening()
    for (const delivery of this.#open.values()) delivery.repeat(command)
    command.releases = this.#released.slice()
    const least = this.#ahead.length > 0 ? 0 : 1
    this.#credit = this.#ended ? 0 : Math.max(this.#waiters.length, least)
    command.credit = this.#credit
    this.#command = emptyCommand()
    stream.write(command)
    if (this.#ended) stream.end()
    const { clock, deadlineMs } = this.#connection.options
    let isLate = false
    const stop = clock.setTimer(
      () => {
        if (this.#stream !== stream || this.#attached) return
        isLate = true
        stream.cancel()
      },
      deadlineMs,
      'background',
    )
    try {
      await ended
    } catch (error) {
      throw isLate ? noAnswerError(this.#connection) : error
    } finally {
      stop()
      if (this.#stream === stream) this.#stream = undefined
    }
  }

  #opening(): messages.ConsumeOpen {
    const { from, ackTimeoutMs, maxAttempts, deadLetter } = this.#options
    return create(messages.ConsumeOpenSchema, {
      topic: this.topic,
      consumer: this.consumer,
      maxInFlight: this.#maxInFlight,
      instance: this.#instance,
      received: BigInt(this.#received),
      ...(from !== undefined && { from: positionToMessage(from) }),
      ...(ackTimeoutMs !== undefined && { ackTimeoutMs: BigInt(ackTimeoutMs) }),
      ...(maxAttempts !== undefined && { maxAttempts: BigInt(maxAttempts) }),
      ...(deadLetter !== undefined && { deadLetter }),
    })
  }

  #onReport({ instance, deliveries, settlements }: ConsumeReport): void {
    if (instance !== '') {
      this.#attached = true
      if (instance !== this.#instance) this.#beginInstance(instance)
      if (!isEmpty(this.#command)) this.#flush()
    }
    for (const { numbers, error } of settlements) {
      for (const number of numbers) {
        this.#settled(number, error)
      }
    }
    // What comes once the consumer has ended was not received: the server was told up to where.
    if (this.#ended) return
    for (const sent of deliveries) {
      if (sent.number <= this.#received) continue
      this.#received = sent.number
      if (this.#credit > 0) this.#credit--
      const delivery = new RemoteDelivery(this.topic, sent, {
        say: (change) => {
          change(this.#command)
          this.#flush()
        },
        awaitAnswer: () => {
          this.#watchAnswers()
          return this.#connection.options.nowMs()
        },
      })
      this.#open.set(sent.number, delivery)
      const waiter = this.#waiters.shift()
      if (waiter === undefined) this.#ahead.push(delivery)
      else {
        delivery.lookAt()
        waiter.resolve({ done: false, value: delivery })
      }
    }
    if (this.#ahead.length > 0) this.#watchAhead()
    if (this.#waiters.length > 0) this.#ask()
  }

  /** What was not looked at yet and ends is as if it had never been sent. */
  #settled(number: number, error: GoetheError | undefined): void {
    const delivery = this.#open.get(number)
    if (delivery === undefined) return
    this.#open.delete(number)
    delivery.settled(error)
    if (delivery.isLookedAt) return
    const ahead = this.#ahead.indexOf(delivery)
    if (ahead !== -1) this.#ahead.splice(ahead, 1)
  }

  /** The server does not know the instance before any more: what that held goes to others. */
  #beginInstance(instance: string): void {
    if (this.#instance !== '') {
      this.#endDeliveries(
        new GoetheError(
          'GOETHE_DELIVERY_EXPIRED',
          'The server was away for too long or has restarted: the event is delivered again',
        ),
      )
    }
    this.#instance = instance
    this.#received = 0
    // Numbers of the instance before mean nothing to this one, or something else.
    this.#released = []
    const { credit } = this.#command
    this.#command = { ...emptyCommand(), credit }
  }

  #endDeliveries(error: GoetheError): void {
    for (const delivery of this.#open.values()) delivery.settled(error)
    this.#open.clear()
    this.#ahead = []
  }

  /** Looks from time to time whether anything was looked at meanwhile. */
  #watchAhead(): void {
    if (this.#stopReturn !== undefined) return
    const looks = this.#looks
    this.#stopReturn = this.#connection.options.clock.setTimer(
      () => {
        this.#stopReturn = undefined
        if (this.#ahead.length === 0) return
        if (this.#looks === looks) this.#returnAhead()
        else this.#watchAhead()
      },
      unlookedMs,
      'background',
    )
  }

  /** Looks from time to time for acks and nacks that wait for too long. */
  #watchAnswers(): void {
    if (this.#stopExpiry !== undefined) return
    const { clock, nowMs, deadlineMs } = this.#connection.options
    this.#stopExpiry = clock.setTimer(
      () => {
        this.#stopExpiry = undefined
        const askedBefore = nowMs() - deadlineMs
        let areWaiting = false
        for (const delivery of this.#open.values()) {
          const isWaiting = delivery.expire(askedBefore, () => noAnswerError(this.#connection))
          areWaiting ||= isWaiting
        }
        if (areWaiting) this.#watchAnswers()
      },
      expiryMs,
      'background',
    )
  }

  #returnAhead(): void {
    this.#releaseAhead()
    this.#window = 1
    this.#flush()
  }

  #releaseAhead(): void {
    for (const { number } of this.#ahead.splice(0)) {
      this.#open.delete(number)
      this.#command.releases.push(number)
      this.#released.push(number)
    }
    const excess = this.#released.length - this.#maxInFlight
    if (excess > 0) this.#released.splice(0, excess)
  }

  /** Says what gathers in this turn in one message. */
  #flush(): void {
    if (this.#flushing) return
    this.#flushing = true
    setImmediate(() => {
      this.#flushing = false
      if (this.#stream === undefined || !this.#attached || this.#ended) return
      if (isEmpty(this.#command)) return
      const command = this.#command
      this.#command = emptyCommand()
      this.#stream.write(command)
    })
  }

  #fail(error: GoetheError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    for (const { reject } of this.#waiters.splice(0)) reject(error)
    this.#endDeliveries(error)
    this.#over.abort()
    this.#stream?.cancel()
    this.#stream = undefined
    this.#detach()
  }

  #detach(): void {
    this.#stopReturn?.()
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#stopListening()
    this.#onEnd()
  }

  /**
   * Ends the stream in peace, so that the server gives back at once what is held. What was
   * acknowledged is answered first, if need be through another stream.
   */
  async #leave(): Promise<void> {
    this.#detach()
    const { clock, deadlineMs } = this.#connection.options
    this.#releaseAhead()
    const stream = this.#stream
    if (stream !== undefined) {
      // Before the instance is named, nothing but what opened the stream was said, or could be.
      if (this.#attached) {
        const command = { ...this.#command, credit: 0, open: this.#opening() }
        this.#command = emptyCommand()
        stream.write(command)
      }
      stream.end()
    } else if (!this.#hasUnanswered) {
      this.#over.abort()
      return
    }
    const stop = clock.setTimer(
      () => {
        this.#over.abort()
        this.#stream?.cancel()
      },
      deadlineMs,
      'background',
    )
    const stopListening = this.#connection.onClose(this.#onClose)
    await this.#running
    stopListening()
    this.#over.abort()
    stop()
  }
}
