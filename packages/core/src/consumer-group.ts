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
import type { EventReader } from './api.js'
import type { AppendPart } from './append-part.js'
import type { Clock } from './clock.js'
import { ConsumerProgress } from './consumer-progress.js'
import type { Placement } from './cursor-placement.js'
import type { CursorRecord } from './cursor-record.js'
import { checkSession } from './cursor-session.js'
import type { CursorStore } from './cursor-store.js'
import { GoetheError } from './errors.js'
import { type GroupInstance, type Held, type InstanceOptions, lose } from './group-instance.js'
import { deliveriesPerTurn, unsettledMax } from './limits.js'
import type { LogEvent } from './log-event.js'
import { NumberMap } from './number-map.js'
import type { CheckedPosition } from './position.js'
import { type Retry, RetryQueue } from './retry-queue.js'
import { UpcomingEvents } from './upcoming-events.js'
import { WakeTimer } from './wake-timer.js'

interface Request {
  instance: GroupInstance
  resolve(held: Held): void
  reject(error: unknown): void
}

/** What is to be delivered, for the so manieth time. */
interface Next {
  event: LogEvent
  attempt: number
}

export interface GroupContext {
  clock: Clock
  cursors: CursorStore
  /** Follows the topic from an id on. */
  follow(topic: string, begin: () => Promise<CheckedPosition>): EventReader
  /** The event with this id, if it is still there. */
  readOne(topic: string, id: bigint): Promise<LogEvent | undefined>
  /** Writes the cursor of a consumer without a stored position where it begins. */
  placeCursor(
    topic: string,
    consumer: string,
    position: CheckedPosition,
    placement: Placement,
  ): Promise<CursorRecord>
  onDeadLetter(event: LogEvent, deadLetter: string, attempts: number): void
  onEnd(group: ConsumerGroup): void
}

export class ConsumerGroup {
  readonly #context: GroupContext
  readonly topic: string
  readonly consumer: string
  readonly #from: CheckedPosition
  readonly #instances = new Set<GroupInstance>()
  readonly #requests: Request[] = []
  readonly #stopListening: () => void
  #session: number | undefined
  #upcoming: UpcomingEvents | undefined
  #progress = new ConsumerProgress()
  readonly #held = new NumberMap<Held>()
  readonly #retries = new RetryQueue()
  /** Was read for another delivery that nobody could take any more. */
  #again: Next | undefined
  readonly #timer: WakeTimer
  /** True while the cursor is being taken over, or an event read again: what comes waits for it. */
  #preparing = false
  #flush: Promise<void> | undefined
  /** Grows when the cursor was moved: what was read before counts no more. */
  #generation = 0
  #failure: unknown

  constructor(context: GroupContext, topic: string, consumer: string, from: CheckedPosition) {
    this.#context = context
    this.topic = topic
    this.consumer = consumer
    this.#from = from
    this.#timer = new WakeTimer(context.clock, () => {
      this.#onTimer()
    })
    this.#stopListening = context.cursors.listen(topic, consumer, (change) => {
      if (change === 'moved') this.#restart()
      else this.fail(this.#fenced(change === 'taken' ? 'taken over by somebody else' : 'deleted'))
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
    for (const request of this.#requests.filter((waiting) => waiting.instance === instance)) {
      this.#requests.splice(this.#requests.indexOf(request), 1)
      request.reject(reason)
    }
    const now = this.#context.clock.now()
    // Where it cannot be stored, the group has failed and nothing is held any more.
    const all = [...this.#held.values()].filter((held) => held.instance === instance)
    await Promise.allSettled(all.map((held) => this.#giveBack(held, now)))
    if (this.#instances.size === 0) await this.end(reason)
    else this.#serve()
  }

  /** The next event for an instance, as soon as there is one and it may hold one more. */
  take(instance: GroupInstance): Promise<Held> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure as Error)
    return new Promise((resolve, reject) => {
      this.#requests.push({ instance, resolve, reject })
      this.#serve()
    })
  }

  /**
   * Events that an instance may have at once, without waiting: none where others wait for theirs,
   * and only a few at a time where others may be about to ask.
   */
  takeReady(instance: GroupInstance, countMax: number): Held[] {
    const share = this.#instances.size > 1 ? Math.min(countMax, deliveriesPerTurn) : countMax
    const taken: Held[] = []
    if (this.#failure !== undefined || this.#nextRequest() !== undefined) return taken
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
    return this.#store()
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
    this.#release(held)
    const { event, attempt } = held
    this.#progress.takeBack(event, attempt)
    this.#retry({ id: event.id, sequence: event.sequence, attempt, dueAt: 0n })
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
    const { countsTooMany } = this.#progress
    const stored = this.#held.size > 0 || countsTooMany ? this.#store() : this.#flush
    for (const held of this.#held.values()) lose(held, reason)
    for (const request of this.#requests.splice(0)) request.reject(reason)
    this.#timer.stop()
    this.#stopListening()
    await stored?.catch(() => undefined)
    this.#generation++
    await this.#upcoming?.close()
  }

  /** Gives events to instances while both are there. */
  #serve(): void {
    for (;;) {
      const request = this.#failure === undefined ? this.#nextRequest() : undefined
      if (request === undefined) return
      const held = this.#nextFor(request.instance, this.#deadline(request.instance))
      if (held === undefined) return
      this.#requests.splice(this.#requests.indexOf(request), 1)
      request.resolve(held)
    }
  }

  #nextFor(instance: GroupInstance, deadline: bigint): Held | undefined {
    const { maxAttempts, deadLetter } = instance.options
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (deadLetter === undefined || next.attempt <= maxAttempts) {
        return this.#hold(instance, next, deadline)
      }
      // The last attempt ended with its process. What goes wrong here ends the group.
      this.#bury(next.event, deadLetter, next.attempt - 1).catch(() => undefined)
    }
    return undefined
  }

  /** What is to be delivered next, if it is there. If not, `#serve` goes on when it is. */
  #next(): Next | undefined {
    if (this.#preparing) return undefined
    const again = this.#again
    if (again !== undefined) {
      this.#again = undefined
      return again
    }
    if (this.#session === undefined) {
      this.#prepare((generation) => this.#begin(generation))
      return undefined
    }
    const retry = this.#retries.size > 0 && this.#retries.takeDue(this.#context.clock.now())
    if (retry) {
      this.#prepare((generation) => this.#readAgain(retry, generation))
      return undefined
    }
    return this.#unsettled < unsettledMax ? this.#nextUpcoming() : undefined
  }

  /** Does what has to be done before the next delivery, and goes on then. */
  #prepare(step: (generation: number) => Promise<void>): void {
    const generation = this.#generation
    this.#preparing = true
    step(generation)
      .catch((error: unknown) => {
        if (generation === this.#generation) this.fail(error)
      })
      .finally(() => {
        this.#preparing = false
        this.#serve()
      })
  }

  get #unsettled(): number {
    return this.#held.size + this.#retries.size
  }

  /** Takes the cursor over and goes on from what is stored. */
  async #begin(generation: number): Promise<void> {
    const { cursors, clock } = this.#context
    const stored = await cursors.read(this.topic, this.consumer)
    const isNew = stored === undefined || (stored.updatedAt === 0n && stored.sequence === 0)
    const { topic, consumer } = this
    const record = isNew
      ? await this.#context.placeCursor(topic, consumer, this.#from, (before, place) => ({
          ...before,
          ...place,
          updatedAt: clock.now(),
          session: before.session + 1,
        }))
      : await cursors.change(topic, consumer, (before) => ({
          ...before,
          session: before.session + 1,
        }))
    // Moved meanwhile: begin again.
    if (generation !== this.#generation) return
    this.#session = record.session
    this.#load(record)
  }

  #load(record: CursorRecord): void {
    this.#progress = new ConsumerProgress(record)
    const position: CheckedPosition = { type: 'id', id: record.id + 1n }
    const begin = (): Promise<CheckedPosition> => Promise.resolve(position)
    this.#upcoming = new UpcomingEvents(
      this.#context.follow(this.topic, begin),
      () => {
        this.#serve()
      },
      (error) => {
        this.fail(error)
      },
    )
  }

  /** The next event that was not settled before, if it was read already. */
  #nextUpcoming(): Next | undefined {
    const upcoming = this.#upcoming!
    for (let event = upcoming.take(); event !== undefined; event = upcoming.take()) {
      const isOpen = this.#progress.read(event)
      if (isOpen) return { event, attempt: this.#progress.attempts(event) + 1 }
    }
    return undefined
  }

  async #readAgain(retry: Retry, generation: number): Promise<void> {
    const event = await this.#context.readOne(this.topic, retry.id)
    if (generation !== this.#generation || this.#failure !== undefined) return
    if (event !== undefined) {
      this.#again = { event, attempt: retry.attempt }
      return
    }
    // Trimmed meanwhile: there is nothing left to handle.
    this.#progress.settle(retry)
    await this.#store()
  }

  #hold(instance: GroupInstance, { event, attempt }: Next, deadline: bigint): Held {
    const held: Held = { event, attempt, instance, deadline, outcome: undefined, onLost: undefined }
    instance.held++
    this.#held.set(event.sequence, held)
    this.#progress.delivered(event, attempt)
    this.#timer.wakeAt(deadline)
    return held
  }

  /** The request that waits longest of those whose instance may hold one more. */
  #nextRequest(): Request | undefined {
    if (this.#requests.length === 0) return undefined
    return this.#requests.find(({ instance }) => mayHoldMore(instance))
  }

  #settle(held: Held): Promise<void> {
    this.#release(held)
    this.#progress.settle(held.event)
    held.instance.unstoredAcks++
    held.instance.nextAcks++
    this.#serve()
    return this.#store()
  }

  /** To be delivered again when due; to the dead letters when its attempts are used up. */
  async #giveBack(held: Held, dueAt: bigint): Promise<void> {
    const { event, attempt, instance } = held
    held.outcome = 'lost'
    this.#release(held)
    const { maxAttempts, deadLetter } = instance.options
    if (deadLetter !== undefined && attempt >= maxAttempts) {
      await this.#bury(event, deadLetter, attempt)
      return
    }
    this.#retry({ id: event.id, sequence: event.sequence, attempt: attempt + 1, dueAt })
    // The count of attempts outlives this process from here on.
    await this.#store()
  }

  async #bury(event: LogEvent, deadLetter: string, attempts: number): Promise<void> {
    this.#progress.settle(event)
    const part = { topic: deadLetter, payloads: [event.payload] }
    await this.#write([{ ...part, expect: undefined, producer: undefined, time: undefined }])
    this.#context.onDeadLetter(event, deadLetter, attempts)
  }

  #retry(retry: Retry): void {
    this.#retries.add(retry)
    if (this.#failure === undefined) this.#timer.wakeAt(retry.dueAt)
  }

  #release(held: Held): void {
    held.instance.held--
    this.#held.delete(held.event.sequence)
    if (this.#unsettled === 0) this.#timer.stop()
  }

  /** Stores what is settled; calls that come before the commit begins share it. */
  #store(): Promise<void> {
    this.#flush ??= this.#write([])
    return this.#flush
  }

  async #write(parts: readonly AppendPart[]): Promise<void> {
    const generation = this.#generation
    const acks: [GroupInstance, number][] = []
    const change = (record: CursorRecord): CursorRecord => {
      // From here on, what is settled goes with the next commit.
      this.#flush = undefined
      for (const instance of this.#instances) {
        acks.push([instance, instance.nextAcks])
        instance.nextAcks = 0
      }
      if (generation !== this.#generation) throw this.#fenced('moved')
      checkSession(record, this.#session!, this.topic, this.consumer)
      return this.#progress.record(record, this.#context.clock.now())
    }
    try {
      await this.#context.cursors.change(this.topic, this.consumer, change, { parts })
    } catch (error) {
      if (generation === this.#generation) this.fail(error)
      throw error
    } finally {
      for (const [instance, count] of acks) instance.unstoredAcks -= count
    }
  }

  /** The cursor was moved: what is held counts no more, and reading begins there. */
  #restart(): void {
    this.#generation++
    for (const held of this.#held.values()) {
      lose(held, this.#lost(held))
      held.instance.held--
    }
    this.#held.clear()
    this.#retries.clear()
    this.#session = undefined
    this.#flush = undefined
    this.#again = undefined
    void this.#upcoming?.close()
    this.#upcoming = undefined
    this.#serve()
  }

  #onTimer(): void {
    const now = this.#context.clock.now()
    for (const held of [...this.#held.values()]) {
      if (held.deadline > now) this.#timer.wakeAt(held.deadline)
      // What goes wrong with storing it has ended the group already.
      else {
        this.#giveBack(held, now).catch(() => undefined)
        held.onLost?.(this.#lost(held))
      }
    }
    const nextDue = this.#retries.nextDue(now)
    if (nextDue !== undefined) this.#timer.wakeAt(nextDue)
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

  #fenced(what: string): GoetheError {
    return new GoetheError(
      'GOETHE_FENCED',
      `The cursor of consumer '${this.consumer}' in topic '${this.topic}' was ${what}`,
      { details: { topic: this.topic, consumer: this.consumer } },
    )
  }
}

function mayHoldMore({ held, options }: GroupInstance): boolean {
  return held < options.maxInFlight
}
