/**
 * Events of a consumer that were read and are not settled: held by instances until their deadlines,
 * or to be delivered again when they are due. One timer wakes for whichever of them comes first.
 */
import type { Clock } from './clock.js'
import type { GroupInstance, Held } from './group-instance.js'
import type { LogEvent } from './log-event.js'
import { NumberMap } from './number-map.js'
import { type Retry, RetryQueue } from './retry-queue.js'
import { WakeTimer } from './wake-timer.js'

/** An event that is to be delivered, for the so manieth time. */
export interface NextDelivery {
  readonly event: LogEvent
  readonly attempt: number
}

export class UnsettledEvents {
  readonly #clock: Clock
  readonly #onDue: (expired: Held[]) => void
  readonly #held = new NumberMap<Held>()
  readonly #retries = new RetryQueue()
  readonly #timer: WakeTimer
  #stopped = false

  /** `onDue` is called with those that were held too long, and when others may be delivered again. */
  constructor(clock: Clock, onDue: (expired: Held[]) => void) {
    this.#clock = clock
    this.#onDue = onDue
    this.#timer = new WakeTimer(clock, () => {
      this.#wake()
    })
  }

  get size(): number {
    return this.#held.size + this.#retries.size
  }

  /** Those that instances hold. */
  get held(): Held[] {
    return [...this.#held.values()]
  }

  hold(instance: GroupInstance, { event, attempt }: NextDelivery, deadline: bigint): Held {
    const held: Held = { event, attempt, instance, deadline, outcome: undefined, onLost: undefined }
    instance.held++
    this.#held.set(event.sequence, held)
    this.#timer.wakeAt(deadline)
    return held
  }

  /** The instance holds it no more. */
  release(held: Held): void {
    held.instance.held--
    this.#held.delete(held.event.sequence)
    if (this.size === 0) this.#timer.stop()
  }

  retry(retry: Retry): void {
    this.#retries.add(retry)
    if (!this.#stopped) this.#timer.wakeAt(retry.dueAt)
  }

  /** Takes out the first of those that are to be delivered again now. */
  takeDue(): Retry | undefined {
    return this.#retries.size === 0 ? undefined : this.#retries.takeDue(this.#clock.now())
  }

  /** Forgets all of them; instances hold nothing any more. */
  clear(): void {
    for (const { instance } of this.#held.values()) instance.held--
    this.#held.clear()
    this.#retries.clear()
  }

  /** Wakes no more. */
  stop(): void {
    this.#stopped = true
    this.#timer.stop()
  }

  #wake(): void {
    const now = this.#clock.now()
    const expired: Held[] = []
    for (const held of this.#held.values()) {
      if (held.deadline <= now) expired.push(held)
      else this.#timer.wakeAt(held.deadline)
    }
    const nextDue = this.#retries.nextDue(now)
    if (nextDue !== undefined) this.#timer.wakeAt(nextDue)
    this.#onDue(expired)
  }
}
