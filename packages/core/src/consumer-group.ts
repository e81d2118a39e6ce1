/**
 * All instances of one consumer in one topic. Events are read in order and given to whichever
 * instance asks; what is not acknowledged in time, or given back, is delivered again. The stored
 * position is the event before the first that is not acknowledged; what is acknowledged beyond it
 * is stored as ranges. Many acknowledgements become one change of the cursor: those that come
 * while a commit is under way go with the next one.
 *
 *     unread --read--> delivered --ack--> settled --(nothing unsettled before it)--> committed
 *                        |    ^
 *         nack, time-out,|    |delivered again, when due
 *                  close v    |
 *                       retry-+---(attempts used up)---> dead letter, settled
 */
import { fencedError } from './cursor-session.js'
import { DeliveryRequests } from './delivery-requests.js'
import { DeliverySource, type DeliverySourceContext } from './delivery-source.js'
import { GoetheError } from './errors.js'
import { GroupCursor, type GroupCursorContext } from './group-cursor.js'
import {
  type GroupInstance,
  type Held,
  type InstanceOptions,
  lose,
  mayHoldMore,
} from './group-instance.js'
import { deliveriesPerTurn } from './limits.js'
import type { LogEvent } from './log-event.js'
import type { CheckedPosition } from './position.js'
import { type NextDelivery, UnsettledEvents } from './unsettled-events.js'

export interface GroupContext extends GroupCursorContext, DeliverySourceContext {
  onDeadLetter(event: LogEvent, deadLetter: string, attempts: number): void
  onEnd(group: ConsumerGroup): void
}

export class ConsumerGroup {
  readonly #context: GroupContext
  readonly topic: string
  readonly consumer: string
  readonly #instances = new Set<GroupInstance>()
  readonly #requests = new DeliveryRequests()
  readonly #stopListening: () => void
  #cursor: GroupCursor
  readonly #unsettled: UnsettledEvents
  readonly #source: DeliverySource
  #failure: unknown

  constructor(context: GroupContext, topic: string, consumer: string, from: CheckedPosition) {
    this.#context = context
    this.topic = topic
    this.consumer = consumer
    this.#cursor = this.#newCursor()
    this.#unsettled = new UnsettledEvents(context.clock, (expired) => {
      this.#onDue(expired)
    })
    this.#source = new DeliverySource(context, topic, from, this.#unsettled, {
      ready: () => {
        this.#serve()
      },
      failure: (error) => {
        this.fail(error)
      },
    })
    this.#stopListening = context.cursors.listen(topic, consumer, (change) => {
      if (change === 'moved') this.#restart()
      else {
        const what = change === 'taken' ? 'taken over by somebody else' : 'deleted'
        this.fail(fencedError(topic, consumer, what))
      }
    })
  }

  /** Why this group has ended, if it has. */
  get failure(): unknown {
    return this.#failure
  }

  join(options: InstanceOptions): GroupInstance {
    const instance: GroupInstance = { options, held: 0, unstoredAcks: 0, nextAcks: 0 }
    this.#instances.add(instance)
    return instance
  }

  /** Gives back what an instance holds. */
  async leave(instance: GroupInstance, reason: GoetheError): Promise<void> {
    if (!this.#instances.delete(instance)) return
    this.#requests.drop(instance, reason)
    const now = this.#context.clock.now()
    // Where it cannot be stored, the group has failed and nothing is held any more.
    const all = this.#unsettled.held.filter((held) => held.instance === instance)
    await Promise.allSettled(all.map((held) => this.#giveBack(held, now)))
    if (this.#instances.size === 0) await this.end(reason)
    else this.#serve()
  }

  /** The next event for an instance, as soon as there is one and it may hold one more. */
  take(instance: GroupInstance): Promise<Held> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure as Error)
    const held = this.#requests.add(instance)
    this.#serve()
    return held
  }

  /**
   * Events that an instance may have at once, without waiting: none where others wait for theirs,
   * and only a few at a time where others may be about to ask.
   */
  takeReady(instance: GroupInstance, countMax: number): Held[] {
    const share = this.#instances.size > 1 ? Math.min(countMax, deliveriesPerTurn) : countMax
    const taken: Held[] = []
    if (this.#failure !== undefined || this.#requests.next() !== undefined) return taken
    const deadline = this.#deadline(instance)
    while (taken.length < share && mayHoldMore(instance)) {
      const held = this.#nextFor(instance, deadline)
      if (held === undefined) break
      taken.push(held)
    }
    return taken
  }

  /** Resolves when the attempts at all that is held are stored. */
  storeAttempts(): Promise<void> {
    return this.#cursor.store()
  }

  /** Resolves when the acknowledgement is stored. */
  ack(held: Held): Promise<void> {
    if (held.outcome === 'lost') return Promise.reject(this.#lost(held))
    held.outcome ??= this.#settle(held)
    return held.outcome
  }

  async nack(held: Held, delayMs: number): Promise<void> {
    if (held.outcome === 'lost') throw this.#lost(held)
    if (held.outcome !== undefined) return held.outcome
    await this.#giveBack(held, this.#context.clock.now() + BigInt(delayMs) * 1_000_000n)
    this.#serve()
  }

  /** The event was not even looked at: delivered again as if for the first time. */
  release(held: Held): void {
    if (held.outcome !== undefined) throw this.#lost(held)
    held.outcome = 'lost'
    this.#unsettled.release(held)
    const { event, attempt } = held
    this.#cursor.progress.takeBack(event, attempt)
    this.#unsettled.retry({ id: event.id, sequence: event.sequence, attempt, dueAt: 0n })
    // Many are given back at a time, and the first of them is to come first.
    void Promise.resolve().then(() => {
      this.#serve()
    })
  }

  extend(held: Held): void {
    if (held.outcome !== undefined) throw this.#lost(held)
    held.deadline = this.#deadline(held.instance)
  }

  /** Ends the group with an error that its instances get. */
  fail(error: unknown): void {
    void this.end(error)
  }

  /** `fail`, and resolves when what was acknowledged is stored and the topic is read no more. */
  async end(reason: unknown): Promise<void> {
    if (this.#failure !== undefined) return
    this.#failure = reason
    this.#context.onEnd(this)
    // What is held at the end counts as an attempt, also for whoever goes on after a restart.
    const { held } = this.#unsettled
    const hasMore = held.length > 0 || this.#cursor.progress.countsTooMany
    const stored = hasMore ? this.#cursor.store() : this.#cursor.storing
    for (const one of held) lose(one, reason)
    this.#requests.dropAll(reason)
    this.#unsettled.stop()
    this.#stopListening()
    await Promise.all([stored?.catch(() => undefined), this.#source.close()])
    this.#cursor.end()
  }

  /** Gives events to instances while both are there. */
  #serve(): void {
    for (;;) {
      const request = this.#failure === undefined ? this.#requests.next() : undefined
      if (request === undefined) return
      const held = this.#nextFor(request.instance, this.#deadline(request.instance))
      if (held === undefined) return
      this.#requests.answer(request, held)
    }
  }

  #nextFor(instance: GroupInstance, deadline: bigint): Held | undefined {
    const { maxAttempts, deadLetter } = instance.options
    for (;;) {
      const next = this.#source.next(this.#cursor)
      if (next === undefined) return undefined
      if (deadLetter === undefined || next.attempt <= maxAttempts) {
        return this.#hold(instance, next, deadline)
      }
      // The last attempt ended with its process. What goes wrong here ends the group.
      this.#bury(next.event, deadLetter, next.attempt - 1).catch(() => undefined)
    }
  }

  #newCursor(): GroupCursor {
    const { topic, consumer } = this
    return new GroupCursor(this.#context, topic, consumer, this.#instances, (error) => {
      this.fail(error)
    })
  }

  #hold(instance: GroupInstance, next: NextDelivery, deadline: bigint): Held {
    this.#cursor.progress.delivered(next.event, next.attempt)
    return this.#unsettled.hold(instance, next, deadline)
  }

  #settle(held: Held): Promise<void> {
    this.#unsettled.release(held)
    this.#cursor.progress.settle(held.event)
    held.instance.unstoredAcks++
    held.instance.nextAcks++
    this.#serve()
    return this.#cursor.store()
  }

  /** To be delivered again when due; to the dead letters when its attempts are used up. */
  async #giveBack(held: Held, dueAt: bigint): Promise<void> {
    const { event, attempt, instance } = held
    held.outcome = 'lost'
    this.#unsettled.release(held)
    const { maxAttempts, deadLetter } = instance.options
    if (deadLetter !== undefined && attempt >= maxAttempts) {
      await this.#bury(event, deadLetter, attempt)
      return
    }
    this.#unsettled.retry({ id: event.id, sequence: event.sequence, attempt: attempt + 1, dueAt })
    // The count of attempts outlives this process from here on.
    await this.#cursor.store()
  }

  async #bury(event: LogEvent, deadLetter: string, attempts: number): Promise<void> {
    this.#cursor.progress.settle(event)
    const part = { topic: deadLetter, payloads: [event.payload] }
    await this.#cursor.write([{ ...part, expect: undefined, producer: undefined, time: undefined }])
    this.#context.onDeadLetter(event, deadLetter, attempts)
  }

  /** The cursor was moved: what is held counts no more, and reading begins there. */
  #restart(): void {
    this.#cursor.end()
    this.#cursor = this.#newCursor()
    for (const held of this.#unsettled.held) lose(held, this.#lost(held))
    this.#unsettled.clear()
    this.#source.restart()
    this.#serve()
  }

  /** Gives back what was held too long; other events may be due again. */
  #onDue(expired: readonly Held[]): void {
    const now = this.#context.clock.now()
    for (const held of expired) {
      // What goes wrong with storing it has ended the group already.
      this.#giveBack(held, now).catch(() => undefined)
      held.onLost?.(this.#lost(held))
    }
    this.#serve()
  }

  #deadline(instance: GroupInstance): bigint {
    return this.#context.clock.now() + BigInt(instance.options.ackTimeoutMs) * 1_000_000n
  }

  /** Why a delivery can no longer be acknowledged. */
  #lost({ event }: Held): unknown {
    if (this.#failure !== undefined) return this.#failure
    return new GoetheError(
      'GOETHE_DELIVERY_EXPIRED',
      `The delivery of sequence ${event.sequence} of topic '${this.topic}' to consumer ` +
        `'${this.consumer}' has ended: it was given back, timed out, or its consumer closed`,
      { details: { topic: this.topic, consumer: this.consumer } },
    )
  }
}
