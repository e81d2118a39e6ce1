import { type Delivery, GoetheError, LogEvent, type NackOptions } from '@goethe/core'
import { checkNumber, checkOptions } from '@goethe/core/contract'
import type { ConsumeCommand, SentDelivery } from '@goethe/protocol'

/** Through what the deliveries of an instance speak. */
export interface DeliveryContext {
  /** What is sent to the server at the end of this turn. */
  message(): ConsumeCommand
  /** An ack or nack waits for its answer from now on; gives the moment, in milliseconds. */
  awaitAnswer(): number
}

/** An event on its way through a consumer, from a server. */
export class RemoteDelivery implements Delivery {
  readonly number: number
  readonly event: LogEvent
  readonly attempt: number
  readonly #context: DeliveryContext
  #said: 'ack' | { readonly nackDelayMs: number } | 'extend' | undefined
  #outcome: Promise<void> | undefined
  #resolve: (() => void) | undefined
  #reject: ((error: GoetheError) => void) | undefined
  #end: GoetheError | 'stored' | undefined
  #askedAt = 0
  #looked = false
  // Functions, so that `const { event, ack } = delivery` works as with the embedded log.
  readonly ack = (): Promise<void> => this.#settle('ack')
  readonly nack = async (options: NackOptions = {}): Promise<void> => {
    checkOptions(options, ['delayMs'])
    const nackDelayMs = checkNumber('delayMs', options.delayMs, { default: 0, min: 0 })
    await this.#settle({ nackDelayMs })
  }
  readonly extend = (): void => {
    if (this.#end instanceof GoetheError) throw this.#end
    if (this.#outcome !== undefined) {
      throw new GoetheError('GOETHE_DELIVERY_EXPIRED', 'The delivery was settled already')
    }
    this.#said = 'extend'
    this.say(this.#context.message())
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
    return this.#outcome !== undefined && this.#end === undefined
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

  /** Says what is to be said last of it; again, where the message before may be lost. */
  say({ acks, nacks, extends: extensions }: ConsumeCommand): void {
    const { number } = this
    if (this.#said === undefined) return
    if (this.#said === 'ack') acks.push(number)
    else if (this.#said === 'extend') extensions.push(number)
    else nacks.push({ number, delayMs: this.#said.nackDelayMs })
  }

  /** The server has answered, or will not any more. */
  settled(error: GoetheError | undefined): void {
    this.#end = error ?? 'stored'
    if (error === undefined) this.#resolve?.()
    else this.#reject?.(error)
  }

  #settle(how: 'ack' | { readonly nackDelayMs: number }): Promise<void> {
    if (this.#outcome !== undefined) return this.#outcome
    if (this.#end instanceof GoetheError) return Promise.reject(this.#end)
    this.#said = how
    this.#outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#askedAt = this.#context.awaitAnswer()
    this.say(this.#context.message())
    return this.#outcome
  }
}
