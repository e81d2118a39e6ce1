/**
 * One instance of a consumer, on a server. Events are asked for ahead of their turn, more of them
 * the faster they are handled; what was sent ahead and is not looked at soon goes back, so that a
 * slow instance keeps nothing from others. After a broken connection the instance goes on with what
 * it holds, if it is back in time; a server that was restarted delivers that again.
 */
import { type ConsumerApi, type ConsumerOptions, type Delivery, GoetheError } from '@goethe/core'
import { abortedError, checkConsumerOptions, nameBytes } from '@goethe/core/contract'
import type { ConsumeCommand, ConsumeReport, messages } from '@goethe/protocol'
import type { Connection } from './connection.js'
import { consumeOpen, emptyCommand } from './consume-command.js'
import { ConsumeStream } from './consume-stream.js'
import { DeliveryWindow } from './delivery-window.js'
import { asThrown, closedError } from './failures.js'
import { Fifo } from './fifo.js'
import { OpenDeliveries } from './open-deliveries.js'
import { type DeliveryContext, RemoteDelivery } from './remote-delivery.js'
import { noAnswerError } from './waiting.js'

interface Waiter {
  resolve(result: IteratorResult<Delivery, undefined>): void
  reject(error: Error): void
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
  readonly #waiters = new Fifo<Waiter>()
  readonly #deliveries: OpenDeliveries
  readonly #window: DeliveryWindow
  readonly #stream: ConsumeStream
  readonly #deliveryContext: DeliveryContext
  /** The instance's name on the server; empty before the first time. */
  #instance = ''
  /** The number of the last delivery of the instance. */
  #received = 0
  #failure: Error | undefined
  #closed = false
  #leaving: Promise<void> | undefined
  #stopReturn: (() => void) | undefined
  #stopExpiry: (() => void) | undefined
  readonly #onEnd: () => void
  readonly #stopListening: () => void
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
    this.#deliveries = new OpenDeliveries(this.#maxInFlight)
    this.#window = new DeliveryWindow(this.#maxInFlight)
    this.#stream = this.#newStream()
    this.#deliveryContext = {
      message: () => this.#stream.message(),
      awaitAnswer: () => {
        this.#watchAnswers()
        return connection.options.nowMs()
      },
    }
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
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      waiter.resolve({ done: true, value: undefined })
    }
    this.#leaving ??= this.#leave()
    await this.#leaving
    this.#deliveries.end(new GoetheError('GOETHE_DELIVERY_EXPIRED', 'The consumer was closed'))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** As `close`, but with an error for whoever waits. */
  async end(error: GoetheError): Promise<void> {
    if (this.#ended) return
    this.#failure = error
    this.#rejectWaiters(error)
    this.#leaving ??= this.#leave()
    await this.#leaving
    this.#deliveries.end(error)
  }

  #next(): Promise<IteratorResult<Delivery, undefined>> {
    if (this.#options.signal?.aborted) {
      return Promise.reject(abortedError(this.#options.signal))
    }
    if (this.#closed) return Promise.resolve({ done: true, value: undefined })
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const delivery = this.#deliveries.take()
    if (delivery !== undefined) {
      this.#ask()
      return Promise.resolve({ done: false, value: delivery })
    }
    // Whoever has to wait after the first time handles events faster than they come.
    if (this.#received > 0) this.#window.grow()
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#ask()
      this.#stream.start()
    })
  }

  #ask(): void {
    const more = this.#window.ask(this.#deliveries.aheadCount, this.#waiters.length)
    if (more > 0) this.#stream.message().credit += more
  }

  get #ended(): boolean {
    return this.#closed || this.#failure !== undefined
  }

  #newStream(): ConsumeStream {
    return new ConsumeStream(this.#connection, {
      isEnded: () => this.#ended,
      hasUnanswered: () => this.#deliveries.hasUnanswered,
      opening: () => this.#openingCommand(),
      onReport: (report) => {
        this.#onReport(report)
      },
      onFailure: (error) => {
        this.#fail(error)
      },
    })
  }

  /** What was asked for and has not come is asked for again, and what is settled is said again. */
  #openingCommand(): ConsumeCommand {
    const command = emptyCommand()
    command.open = this.#opening()
    this.#deliveries.sayAgain(command)
    if (this.#ended) this.#window.close()
    else command.credit = this.#window.askAgain(this.#deliveries.aheadCount, this.#waiters.length)
    return command
  }

  #opening(): messages.ConsumeOpen {
    const place = { topic: this.topic, consumer: this.consumer, maxInFlight: this.#maxInFlight }
    const known = { instance: this.#instance, received: BigInt(this.#received) }
    return consumeOpen({ ...place, ...known }, this.#options)
  }

  #onReport({ instance, deliveries, settlements }: ConsumeReport): void {
    if (instance !== '') {
      if (instance !== this.#instance) this.#beginInstance(instance)
      this.#stream.attach()
    }
    for (const { numbers, error } of settlements) {
      for (const number of numbers) this.#deliveries.settled(number, error)
    }
    // What comes once the consumer has ended was not received: the server was told up to where.
    if (this.#ended) return
    for (const sent of deliveries) {
      if (sent.number <= this.#received) continue
      this.#received = sent.number
      this.#window.received()
      const delivery = new RemoteDelivery(this.topic, sent, this.#deliveryContext)
      const waiter = this.#waiters.shift()
      if (waiter === undefined) this.#deliveries.addAhead(delivery)
      else {
        this.#deliveries.addLookedAt(delivery)
        waiter.resolve({ done: false, value: delivery })
      }
    }
    if (this.#deliveries.aheadCount > 0) this.#watchAhead()
    if (this.#waiters.length > 0) this.#ask()
  }

  /** The server does not know the instance before any more: what that held goes to others. */
  #beginInstance(instance: string): void {
    if (this.#instance !== '') {
      this.#deliveries.end(
        new GoetheError(
          'GOETHE_DELIVERY_EXPIRED',
          'The server was away for too long or has restarted: the event is delivered again, unless ' +
            'an ack of it was stored before',
        ),
      )
    }
    this.#instance = instance
    this.#received = 0
    // Numbers of the instance before mean nothing to this one, or something else.
    this.#stream.forget()
  }

  /** Looks from time to time whether anything was looked at meanwhile. */
  #watchAhead(): void {
    if (this.#stopReturn !== undefined) return
    const { looks } = this.#deliveries
    this.#stopReturn = this.#connection.options.clock.setTimer(
      () => {
        this.#stopReturn = undefined
        if (this.#deliveries.aheadCount === 0) return
        if (this.#deliveries.looks === looks) this.#returnAhead()
        else this.#watchAhead()
      },
      unlookedMs,
      'background',
    )
  }

  #returnAhead(): void {
    this.#deliveries.release(this.#stream.message())
    this.#window.shrink()
  }

  /** Looks from time to time for acks and nacks that wait for too long. */
  #watchAnswers(): void {
    if (this.#stopExpiry !== undefined) return
    const { clock, nowMs, deadlineMs } = this.#connection.options
    this.#stopExpiry = clock.setTimer(
      () => {
        this.#stopExpiry = undefined
        const askedBefore = nowMs() - deadlineMs
        const areWaiting = this.#deliveries.expire(askedBefore, () => {
          return noAnswerError(this.#connection)
        })
        if (areWaiting) this.#watchAnswers()
      },
      expiryMs,
      'background',
    )
  }

  #fail(error: GoetheError): void {
    if (this.#failure !== undefined) return
    this.#failure = asThrown(error)
    this.#rejectWaiters(this.#failure)
    this.#deliveries.end(error)
    this.#stream.abort()
    this.#detach()
  }

  #rejectWaiters(error: Error): void {
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      waiter.reject(error)
    }
  }

  #detach(): void {
    this.#stopReturn?.()
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#stopListening()
    this.#onEnd()
  }

  async #leave(): Promise<void> {
    this.#detach()
    this.#deliveries.release(this.#stream.message())
    await this.#stream.end(this.#opening(), this.#onClose)
  }
}
