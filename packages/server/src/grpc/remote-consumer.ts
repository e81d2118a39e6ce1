/**
 * An instance of a consumer whose program is at the other end of a connection. Deliveries are sent
 * as far as the program has granted credit. When the connection breaks, the instance waits a while
 * for its program to come back: what it holds stays its own, and deliveries that it has not
 * received are sent again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock, OwnDelivery } from '@goethe/core'
import { GoetheError } from '@goethe/core'
import { NumberMap } from '@goethe/core/contract'
import {
  type ConsumeCommand,
  type ConsumeReport,
  type SentDelivery,
  goetheError,
} from '@goethe/protocol'
import type { ServedConsumer } from '../served-log.js'

/** How long an instance waits for its program. */
const returnMs = 10_000

/** Deliveries that are remembered to have been lost. */
const lostMax = 10_000

/** Deliveries in one message at most: its program handles some while the next are on their way. */
const deliveriesMax = 256

/** A command speaks of each delivery that the instance may hold, in each way, at most once. */
const commandNumbersMax = 4 * 10_000

/** While the program has so many settlements to be told of, its next commands wait. */
const settlementsMax = 1000

/** A delivery that was sent, or is about to be. */
interface Sent {
  readonly delivery: OwnDelivery
  /** True once the program has acknowledged it or given it back. */
  isSettling: boolean
}

export class RemoteConsumer {
  readonly instance: string
  readonly #consumer: ServedConsumer
  readonly #clock: Clock
  /** Delivered and not settled, by number, in ascending order. */
  readonly #deliveries = new NumberMap<Sent>()
  /** Deliveries that ended otherwise than by an ack or a nack. */
  readonly #lost = new Set<number>()
  #lastNumber = 0
  #credit = 0
  #taking = false
  #closed = false
  #send: ((report: ConsumeReport) => Promise<void>) | undefined
  #fail: ((error: unknown) => void) | undefined
  #failure: unknown
  #report: ConsumeReport = emptyReport()
  /** Settlements under way. */
  readonly #settling = new Set<Promise<void>>()
  /** True once the program has said that it goes: it takes nothing more. */
  #leaving = false
  #sending: Promise<void> | undefined
  #stopTimer: (() => void) | undefined

  constructor(instance: string, consumer: ServedConsumer, clock: Clock) {
    this.instance = instance
    this.#consumer = consumer
    this.#clock = clock
  }

  /**
   * Reports to this connection from now on, one that was there before is let go. `received` is the
   * highest number that the program knows. Rejects when the consumer has ended.
   */
  attach(send: (report: ConsumeReport) => Promise<void>, received: bigint): Promise<never> {
    this.#stopTimer?.()
    this.#fail?.(new GoetheError('GOETHE_CANCELLED', 'The instance goes on in another connection'))
    this.#send = send
    this.#credit = 0
    this.#report = emptyReport()
    this.#report.instance = this.instance
    for (const [number, { delivery }] of this.#deliveries.entries()) {
      if (number > Number(received)) this.#report.deliveries.push(message(number, delivery))
    }
    this.#flush()
    return new Promise((_, reject) => {
      this.#fail = reject
      if (this.#failure !== undefined) reject(this.#failure as Error)
    })
  }

  /** True while reports go to this connection and to no later one. */
  isAttached(send: (report: ConsumeReport) => Promise<void>): boolean {
    return this.#send === send
  }

  /** True once there will be no more deliveries; coming back does not help. */
  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** The connection is gone; `expire` is called unless the program comes back in time. */
  detach(expire: () => void): void {
    this.#send = undefined
    this.#fail = undefined
    this.#credit = 0
    this.#stopTimer?.()
    this.#stopTimer = this.#clock.setTimer(expire, returnMs, 'background')
  }

  /** Throws GOETHE_INVALID_ARGUMENT for one that speaks of more deliveries than there can be. */
  command({ credit, acks, nacks, extends: extensions, releases }: ConsumeCommand): void {
    const count = acks.length + nacks.length + extensions.length + releases.length
    if (count > commandNumbersMax) throw tooManyNumbers(count)
    // What is extended and settled in one message was extended first.
    for (const number of extensions) this.#extend(number)
    if (acks.length > 0) this.#settle(acks, (delivery) => delivery.ack())
    for (const { number, delayMs } of nacks) {
      this.#settle([number], (delivery) => delivery.nack({ delayMs }))
    }
    // From behind, so that each goes before those that wait to be delivered again.
    for (const number of releases.reverse()) this.#release(number)
    this.#credit += credit
    this.#take()
  }

  /** Resolves once the program reads what it is told: for who does not, nothing more is gathered. */
  async heard(): Promise<void> {
    if (this.#report.settlements.length >= settlementsMax) await this.#sending
  }

  /** The program goes; nobody has looked at what it had not received by then. */
  leave(received: bigint): void {
    this.#leaving = true
    this.#credit = 0
    this.#report.deliveries = []
    // From behind, so that each goes before those that wait to be delivered again.
    for (const [number] of [...this.#deliveries.entries()].reverse()) {
      if (number <= Number(received)) return
      this.#release(number)
    }
  }

  /** Resolves when all that the program has settled was stored, and told. */
  async settled(): Promise<void> {
    while (this.#settling.size > 0) await Promise.all(this.#settling)
    await this.#sending
  }

  /** Gives back what the instance holds. */
  async close(): Promise<void> {
    this.#closed = true
    this.#stopTimer?.()
    // What the program has not answered counts as an attempt, as with any that vanishes.
    this.#deliveries.clear()
    await this.#consumer.close()
  }

  /** Takes deliveries while there is credit; one run at a time. */
  #take(): void {
    if (this.#taking || this.#credit <= 0) return
    this.#taking = true
    this.#takeAll()
      .catch((error: unknown) => {
        this.#failure = error
        this.#fail?.(error)
      })
      .finally(() => {
        this.#taking = false
        if (this.#failure === undefined && !this.#closed) this.#take()
      })
  }

  async #takeAll(): Promise<void> {
    while (this.#credit > 0) {
      const taken = await this.#consumer.take(Math.min(this.#credit, deliveriesMax))
      if (taken.length === 0) {
        if (this.#closed) this.#credit = 0
        else throw new GoetheError('GOETHE_CLOSED', 'The consumer was closed')
        return
      }
      if (this.#leaving) {
        for (const delivery of taken.reverse()) delivery.release()
        return
      }
      for (const delivery of taken) this.#add(delivery)
      // Without a connection they are sent to the next one, as what that one has not received.
      if (this.#send === undefined) return
      // They may have been asked for in a connection before. Some too many do no harm; one that the
      // program waits for and is never sent would.
      this.#credit = Math.max(this.#credit - taken.length, 0)
      this.#flush()
      // These are written, and what has come is read, before there are more.
      if (taken.length === deliveriesMax) await nextTurn()
    }
  }

  #add(delivery: OwnDelivery): void {
    const number = ++this.#lastNumber
    this.#deliveries.set(number, { delivery, isSettling: false })
    delivery.onLost((why) => {
      if (!this.#deliveries.delete(number)) return
      this.#noteLost(number)
      this.#settled([number], goetheError(why))
    })
    if (this.#send !== undefined) this.#report.deliveries.push(message(number, delivery))
  }

  #settle(numbers: readonly number[], settle: (delivery: OwnDelivery) => Promise<void>): void {
    let round: { outcome: Promise<void>; numbers: number[] } | undefined
    for (const number of numbers) {
      const sent = this.#deliveries.get(number)
      if (sent === undefined) {
        // Said again after a broken connection: it was settled the first time.
        this.#settled([number], this.#wasSettled(number) ? undefined : unknownDelivery(number))
        continue
      }
      // Said again while the first time is still under way.
      if (sent.isSettling) continue
      sent.isSettling = true
      const outcome = settle(sent.delivery)
      // What is stored together has one promise.
      if (outcome === round?.outcome) round.numbers.push(number)
      else {
        round = { outcome, numbers: [number] }
        this.#follow(outcome, round.numbers)
      }
    }
  }

  /** Tells the program what has become of its settlements. */
  #follow(outcome: Promise<void>, numbers: readonly number[]): void {
    const told = outcome.then(
      () => {
        for (const number of numbers) this.#deliveries.delete(number)
        this.#settled(numbers, undefined)
      },
      (error: unknown) => {
        for (const number of numbers) {
          this.#deliveries.delete(number)
          this.#noteLost(number)
        }
        this.#settled(numbers, goetheError(error))
      },
    )
    this.#settling.add(told)
    void told.then(() => this.#settling.delete(told))
  }

  #wasSettled(number: number): boolean {
    const isKnown = number <= this.#lastNumber && !this.#lost.has(number)
    return isKnown && this.#deliveries.get(number) === undefined
  }

  #extend(number: number): void {
    const sent = this.#deliveries.get(number)
    // Said again after a broken connection, when it was settled meanwhile.
    if (sent?.isSettling === true || this.#wasSettled(number)) return
    try {
      if (sent === undefined) throw unknownDelivery(number)
      sent.delivery.extend()
    } catch (error) {
      this.#settled([number], goetheError(error))
    }
  }

  #release(number: number): void {
    const sent = this.#deliveries.get(number)
    this.#deliveries.delete(number)
    try {
      sent?.delivery.release()
    } catch {
      // It has timed out, and was delivered again already.
    }
  }

  #noteLost(number: number): void {
    this.#lost.add(number)
    if (this.#lost.size > lostMax) this.#lost.delete(this.#lost.values().next().value!)
  }

  #settled(numbers: readonly number[], error: GoetheError | undefined): void {
    const { settlements } = this.#report
    const last = settlements.at(-1)
    if (last !== undefined && last.error === undefined && error === undefined) {
      for (const number of numbers) last.numbers.push(number)
    } else settlements.push({ numbers: [...numbers], error })
    this.#flush()
  }

  /** Sends what has gathered by the end of this turn; and so on while that was being written. */
  #flush(): void {
    this.#sending ??= new Promise((resolve) => setImmediate(resolve)).then(() => this.#sendAll())
  }

  async #sendAll(): Promise<void> {
    while (this.#send !== undefined && !isEmpty(this.#report)) {
      const send = this.#send
      const report = this.#report
      this.#report = emptyReport()
      const rest = report.deliveries.splice(deliveriesMax)
      if (rest.length > 0) this.#report.deliveries = rest
      try {
        await send(report)
      } catch {
        // The connection is gone; its stream notices by itself. A new one has a report of its own.
        if (this.#send === send) break
      }
    }
    this.#sending = undefined
  }
}

function emptyReport(): ConsumeReport {
  return { instance: '', deliveries: [], settlements: [] }
}

function isEmpty({ instance, deliveries, settlements }: ConsumeReport): boolean {
  return instance === '' && deliveries.length === 0 && settlements.length === 0
}

function message(number: number, { event, attempt }: OwnDelivery): SentDelivery {
  const { id, sequence, payload } = event
  return { number, id, sequence, attempt, payload }
}

function tooManyNumbers(count: number): GoetheError {
  return new GoetheError(
    'GOETHE_INVALID_ARGUMENT',
    `A command speaks of ${count} deliveries, where ${commandNumbersMax} are the most`,
  )
}

function unknownDelivery(number: number): GoetheError {
  return new GoetheError(
    'GOETHE_DELIVERY_EXPIRED',
    `Delivery ${number} is none of this instance, or has ended`,
  )
}
