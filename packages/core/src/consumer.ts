import type { AbortSignalLike, ConsumerApi, Delivery, NackOptions } from './api.js'
import { checkNumber, checkOptions } from './arguments.js'
import type { ConsumerGroup, GroupInstance, Held, InstanceOptions } from './consumer-group.js'
import { GoetheError, abortedError } from './errors.js'

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

  async #next(): Promise<IteratorResult<OwnDelivery, undefined>> {
    const { signal } = this.#settings
    if (signal?.aborted) throw abortedError(signal)
    if (this.#closed) return { done: true, value: undefined }
    this.#joined ??= this.#join()
    const { group, instance } = this.#joined
    try {
      return { done: false, value: delivery(group, await group.take(instance)) }
    } catch (error) {
      if (this.#closed) return { done: true, value: undefined }
      throw error
    }
  }

  #join(): { group: ConsumerGroup; instance: GroupInstance } {
    const group = this.#group()
    return { group, instance: group.join(this.#settings) }
  }

  async #leave(reason: GoetheError): Promise<void> {
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

function delivery(group: ConsumerGroup, held: Held): OwnDelivery {
  return {
    event: held.event,
    attempt: held.attempt,
    ack: () => group.ack(held),
    nack: async (options: NackOptions = {}) => {
      checkOptions(options, ['delayMs'])
      const delayMs = checkNumber('delayMs', options.delayMs, { default: 0, min: 0 })
      await group.nack(held, delayMs)
    },
    onLost: (callback) => {
      held.onLost = callback
    },
    release: () => {
      group.release(held)
    },
    extend: () => {
      group.extend(held)
    },
  }
}
