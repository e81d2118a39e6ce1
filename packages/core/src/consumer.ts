import type { AbortSignalLike } from './abort-signal.js'
import type { ConsumerApi, Delivery, NackOptions } from './consumer-api.js'
import { checkNumber, checkOptions } from './arguments.js'
import type { ConsumerGroup } from './consumer-group.js'
import { GoetheError, abortedError } from './errors.js'
import type { GroupInstance, Held, InstanceOptions } from './group-instance.js'
import type { LogEvent } from './log-event.js'

export interface ConsumerSettings extends InstanceOptions {
  signal: AbortSignalLike | undefined
}

/** One instance of a consumer; see `ConsumerApi`. */
export class Consumer implements ConsumerApi {
  readonly topic: string
  readonly consumer: string
  readonly #settings: ConsumerSettings
  readonly #group: () => ConsumerGroup
  #joined: { group: ConsumerGroup; instance: GroupInstance } | undefined
  /** Taken ahead of their turn, with the attempts at them stored. */
  readonly #ahead: Held[] = []
  #closed = false
  readonly #onAbort = (): void => {
    void this.#leave(abortedError(this.#settings.signal ?? {}))
  }

  /** @internal `group` gives the group to join; called at the first delivery. */
  constructor(
    topic: string,
    consumer: string,
    settings: ConsumerSettings,
    group: () => ConsumerGroup,
  ) {
    this.topic = topic
    this.consumer = consumer
    this.#settings = settings
    this.#group = group
    settings.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<OwnDelivery> {
    const iterator: AsyncIterableIterator<OwnDelivery> = {
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
    this.#settings.signal?.removeEventListener('abort', this.#onAbort)
    await this.#leave(new GoetheError('GOETHE_CLOSED', 'The consumer was closed'))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * The next deliveries, as soon as there is one: that, and so many in all as are there at once.
   * None when the consumer is closed. For programs in other processes: unlike those of the iterator
   * these attempts are not stored before, and count when they have ended.
   */
  async take(countMax: number): Promise<OwnDelivery[]> {
    const joined = this.#join()
    if (joined === undefined) return []
    const { group, instance } = joined
    const ready = group.takeReady(instance, countMax)
    if (ready.length > 0) return ready.map((held) => new GroupDelivery(group, held))
    const held = await this.#unlessClosed(group.take(instance))
    return held === undefined ? [] : [new GroupDelivery(group, held)]
  }

  async #next(): Promise<IteratorResult<OwnDelivery, undefined>> {
    const joined = this.#join()
    if (joined === undefined) return { done: true, value: undefined }
    const { group, instance } = joined
    const held =
      this.#settings.deadLetter === undefined
        ? (group.takeReady(instance, 1)[0] ?? (await this.#unlessClosed(group.take(instance))))
        : await this.#takeCounted(group, instance)
    return held === undefined
      ? { done: true, value: undefined }
      : { done: false, value: new GroupDelivery(group, held) }
  }

  /**
   * The attempt is stored before it begins: an event that takes this process with it each time has
   * its attempts counted all the same. Whoever has several under way has twice as many
   * more counted together.
   */
  async #takeCounted(group: ConsumerGroup, instance: GroupInstance): Promise<Held | undefined> {
    for (let held = this.#ahead.shift(); held !== undefined; held = this.#ahead.shift()) {
      if (held.outcome === undefined) return held
    }
    const underWay = instance.held + instance.unstoredAcks
    const [ready, ...ahead] = group.takeReady(instance, Math.max(underWay * 2, 1))
    const held = ready ?? (await this.#unlessClosed(group.take(instance)))
    if (held === undefined) return undefined
    await this.#unlessClosed(group.storeAttempts())
    if (this.#closed) return undefined
    this.#ahead.push(...ahead)
    return held
  }

  /** The group, with this instance in it; undefined when that is closed. */
  #join(): { group: ConsumerGroup; instance: GroupInstance } | undefined {
    const { signal } = this.#settings
    if (signal?.aborted) throw abortedError(signal)
    if (this.#closed) return undefined
    if (this.#joined === undefined) {
      const group = this.#group()
      this.#joined = { group, instance: group.join(this.#settings) }
    }
    return this.#joined
  }

  /** What the promise gives; undefined when the consumer was closed meanwhile. */
  async #unlessClosed<Value>(promise: Promise<Value>): Promise<Value | undefined> {
    try {
      const value = await promise
      return this.#closed ? undefined : value
    } catch (error) {
      if (this.#closed) return undefined
      throw error
    }
  }

  async #leave(reason: GoetheError): Promise<void> {
    for (const held of this.#ahead.splice(0).reverse()) {
      if (held.outcome === undefined) this.#joined?.group.release(held)
    }
    await this.#joined?.group.leave(this.#joined.instance, reason)
  }
}

/** A delivery of a log in this process. */
export interface OwnDelivery extends Delivery {
  /** Nobody looked at the event: it is delivered again as if this delivery had never been. */
  release(): void
  /** Calls back when the delivery ends by itself: it timed out, or its cursor was moved or taken. */
  onLost(callback: (why: unknown) => void): void
}

class GroupDelivery implements OwnDelivery {
  readonly event: LogEvent
  readonly attempt: number
  readonly #group: ConsumerGroup
  readonly #held: Held
  // Functions, so that `const { event, ack } = delivery` works.
  readonly ack = (): Promise<void> => this.#group.ack(this.#held)
  readonly nack = async (options: NackOptions = {}): Promise<void> => {
    checkOptions(options, ['delayMs'])
    const delayMs = checkNumber('delayMs', options.delayMs, { default: 0, min: 0 })
    await this.#group.nack(this.#held, delayMs)
  }
  readonly extend = (): void => {
    this.#group.extend(this.#held)
  }

  constructor(group: ConsumerGroup, held: Held) {
    this.event = held.event
    this.attempt = held.attempt
    this.#group = group
    this.#held = held
  }

  release(): void {
    this.#group.release(this.#held)
  }

  onLost(callback: (why: unknown) => void): void {
    this.#held.onLost = callback
  }
}
