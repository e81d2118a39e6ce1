import { type Delivery, GoetheError, LogEvent, type NackOptions } from '@goethe/core'
import { checkNumber, checkOptions } from '@goethe/core/contract'
import type { ConsumeCommand, SentDelivery } from '@goethe/protocol'

type Change = (command: ConsumeCommand) => void

/** Through what a delivery speaks. */
export interface DeliveryContext {
  /** Says something to the server with the next message. */
  say(change: Change): void
  /** An ack or nack waits for its answer; gives the moment, in milliseconds. */
  awaitAnswer(): number
}

/** An event on its way through a consumer, from a server. */
export class RemoteDelivery implements Delivery {
  readonly number: number
  readonly event: LogEvent
  readonly attempt: number
  readonly #context: DeliveryContext
  #change: Change | undefined
  #outcome: Promise<void> | undefined
  #resolve: (() => void) | undefined
  #reject: ((error: GoetheError) => void) | undefined
  #end: GoetheError | 'stored' | undefined
  #askedAt = 0
  #looked = false
  #extended = false
  // Functions, so that `const { event, ack } = delivery` works as with the embedded log.
  readonly ack = (): Promise<void> => {
    return this.#settle((command) => command.acks.push(this.number))
  }
  readonly nack = async (options: NackOptions = {}): Promise<void> => {
    checkOptions(options, ['delayMs'])
    const delayMs = checkNumber('delayMs', options.delayMs, { default: 0, min: 0 })
    await this.#settle((command) => command.nacks.push({ number: this.number, delayMs }))
  }
  readonly extend = (): void => {
    if (this.#end instanceof GoetheError) throw this.#end
    if (this.#outcome !== undefined) {
      throw new GoetheError('GOETHE_DELIVERY_EXPIRED', 'The delivery was settled already')
    }
    this.#extended = true
    this.#context.say((command) => command.extends.push(this.number))
  }

  constructor(topic: string, sent: SentDelivery, context: DeliveryContext) {
    this.number = sent.number
    this.event = new LogEvent(sent.id, sent.sequence, topic, sent.payload)
    this.attempt = sent.attempt
    this.#context = context
  }

  /** It is handed out now. */
  lookAt(): void {
    this.#looked = true
  }

  get isLookedAt(): boolean {
    return this.#looked
  }

  /** True while an ack or nack waits to be stored. */
  get isUnanswered(): boolean {
    return this.#change !== undefined && this.#end === undefined
  }

  /**
   * Ends the wait for an answer that should have come by now. The ack or nack stays said, and may
   * still be stored. False where it is not waited for any more.
   */
  expire(askedBefore: number, why: () => GoetheError): boolean {
    if (!this.isUnanswered || this.#reject === undefined) return false
    if (this.#askedAt > askedBefore) return true
    this.#reject(why())
    this.#reject = undefined
    return false
  }

  /** Says again what was said and not answered: the connection broke, and it may be lost. */
  repeat(command: ConsumeCommand): void {
    if (this.#change !== undefined) this.#change(command)
    else if (this.#extended) command.extends.push(this.number)
  }

  /** The server has answered, or will not any more. */
  settled(error: GoetheError | undefined): void {
    this.#end = error ?? 'stored'
    if (error === undefined) this.#resolve?.()
    else this.#reject?.(error)
  }

  #settle(change: Change): Promise<void> {
    if (this.#outcome !== undefined) return this.#outcome
    if (this.#end instanceof GoetheError) return Promise.reject(this.#end)
    this.#change = change
    this.#outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#askedAt = this.#context.awaitAnswer()
    this.#context.say(change)
    return this.#outcome
  }
}
