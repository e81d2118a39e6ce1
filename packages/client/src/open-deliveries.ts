import type { GoetheError } from '@goethe/core'
import { NumberMap } from '@goethe/core/contract'
import type { ConsumeCommand } from '@goethe/protocol'
import { Fifo } from './fifo.js'
import type { RemoteDelivery } from './remote-delivery.js'

/** The deliveries of an instance that are not settled; some of them nobody has looked at yet. */
export class OpenDeliveries {
  readonly #byNumber = new NumberMap<RemoteDelivery>()
  /** Sent ahead of their turn. */
  readonly #ahead = new Fifo<RemoteDelivery>()
  readonly #releasedMax: number
  /** The releases said last: the server holds no more deliveries than that. */
  #released: number[] = []
  /** How often a delivery was taken from those ahead. */
  looks = 0

  constructor(maxInFlight: number) {
    this.#releasedMax = maxInFlight
  }

  /** Deliveries that nobody has looked at. */
  get aheadCount(): number {
    return this.#ahead.length
  }

  get hasUnanswered(): boolean {
    for (const delivery of this.#byNumber.values()) if (delivery.isUnanswered) return true
    return false
  }

  /** It was received, and is handed out at once. */
  addLookedAt(delivery: RemoteDelivery): void {
    this.#byNumber.set(delivery.number, delivery)
    delivery.lookAt()
  }

  /** It was received ahead of its turn. */
  addAhead(delivery: RemoteDelivery): void {
    this.#byNumber.set(delivery.number, delivery)
    this.#ahead.push(delivery)
  }

  /** The next of those ahead, whose turn has come. */
  take(): RemoteDelivery | undefined {
    const delivery = this.#ahead.shift()
    if (delivery === undefined) return undefined
    delivery.lookAt()
    this.looks++
    return delivery
  }

  /** The server has answered. What was not looked at and ends is as if it had never been sent. */
  settled(number: number, error: GoetheError | undefined): void {
    const delivery = this.#byNumber.get(number)
    if (delivery === undefined) return
    this.#byNumber.delete(number)
    delivery.settled(error)
    if (!delivery.isLookedAt) this.#ahead.filter((other) => other !== delivery)
  }

  /** Gives back those ahead. */
  release({ releases }: ConsumeCommand): void {
    for (const { number } of this.#ahead) {
      this.#byNumber.delete(number)
      releases.push(number)
      this.#released.push(number)
    }
    this.#ahead.filter(() => false)
    const excess = this.#released.length - this.#releasedMax
    if (excess > 0) this.#released.splice(0, excess)
  }

  /** Says again what the server may not have heard. */
  sayAgain(command: ConsumeCommand): void {
    for (const delivery of this.#byNumber.values()) delivery.say(command)
    for (const number of this.#released) command.releases.push(number)
  }

  /** Ends the waits for answers that should have come by now; true while others are waited for. */
  expire(askedBefore: number, why: () => GoetheError): boolean {
    let areWaiting = false
    for (const delivery of this.#byNumber.values()) {
      const isWaiting = delivery.expire(askedBefore, why)
      areWaiting ||= isWaiting
    }
    return areWaiting
  }

  /** The server will not answer any more. */
  end(error: GoetheError): void {
    for (const delivery of this.#byNumber.values()) delivery.settled(error)
    this.#byNumber.clear()
    this.#ahead.filter(() => false)
    this.#released = []
  }
}
