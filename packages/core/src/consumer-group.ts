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
import type { Placement } from './cursor-placement.js'
import type { CursorRecord } from './cursor-record.js'
import { type CursorStore, checkSession } from './cursor-store.js'
import { GoetheError } from './errors.js'
import { unsettledMax } from './limits.js'
import type { LogEvent } from './log-event.js'
import type { CheckedPosition } from './position.js'
import { type Retry, RetryQueue } from './retry-queue.js'
import { SequenceRanges } from './sequence-ranges.js'
import { WakeTimer } from './wake-timer.js'

/** The settings of one instance. */
export interface InstanceOptions {
  maxInFlight: number
  ackTimeoutMs: number
  maxAttempts: number
  deadLetter: string | undefined
}

/** One instance, as the group sees it. */
export interface GroupInstance {
  readonly options: InstanceOptions
  /** Deliveries that it holds. */
  readonly held: Set<Held>
}

/** An event that an instance holds. */
export interface Held {
  readonly event: LogEvent
  readonly attempt: number
  readonly instance: GroupInstance
  /** UNIX nanoseconds; delivered again after that. */
  deadline: bigint
  /** How it ended, once it did. */
  outcome: Promise<void> | 'lost' | undefined
  /** Called when it ends in any other way than by its instance. */
  onLost: ((why: unknown) => void) | undefined
}

interface Request {
  instance: GroupInstance
  resolve(held: Held): void
  reject(error: unknown): void
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
  #iterator: AsyncIterator<LogEvent> | undefined
  #floor = { id: 0n, sequence: 0 }
  /** The last sequence that was read of the topic. */
  #read = 0
  #settled = new SequenceRanges()
  #attempts = new Map<number, number>()
  readonly #held = new Map<number, Held>()
  readonly #retries = new RetryQueue()
  readonly #timer: WakeTimer
  #pumping = false
  #pumpAgain = false
  #flush: Promise<void> | undefined
  /** True while what is stored may count attempts at which nobody looked. */
  #released = false
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
    const instance: GroupInstance = { options, held: new Set() }
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
    await Promise.allSettled([...instance.held].map((held) => this.#giveBack(held, now)))
    if (this.#instances.size === 0) await this.end(reason)
    else this.#pump()
  }

  /** The next event for an instance, as soon as there is one and it may hold one more. */
  take(instance: GroupInstance): Promise<Held> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure as Error)
    return new Promise((resolve, reject) => {
      this.#requests.push({ instance, resolve, reject })
      this.#pump()
    })
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
    this.#pump()
  }

  /** The event was not even looked at: delivered again as if for the first time. */
  release(held: Held): void {
    if (held.outcome !== undefined) throw this.#lost(held)
    held.outcome = 'lost'
    this.#release(held)
    const { event, attempt } = held
    this.#attempts.delete(event.sequence)
    if (attempt > 1) this.#attempts.set(event.sequence, attempt - 1)
    this.#released = true
    this.#retry({ id: event.id, sequence: event.sequence, attempt, dueAt: 0n })
    this.#pump()
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
    const stored = this.#held.size > 0 || this.#released ? this.#store() : this.#flush
    for (const held of this.#held.values()) lose(held, reason)
    for (const request of this.#requests.splice(0)) request.reject(reason)
    this.#timer.stop()
    this.#stopListening()
    await stored?.catch(() => undefined)
    this.#generation++
    this.#interrupt?.()
    await this.#iterator?.return?.()
  }

  /** Gives events to instances while both are there; one run at a time. */
  #pump(): void {
    if (this.#pumping) {
      this.#pumpAgain = true
      this.#interrupt?.()
      return
    }
    this.#pumping = true
    this.#deliverAll()
      .catch((error: unknown) => {
        this.fail(error)
      })
      .finally(() => {
        this.#pumping = false
        if (!this.#pumpAgain) return
        this.#pumpAgain = false
        this.#pump()
      })
  }

  async #deliverAll(): Promise<void> {
    while (this.#failure === undefined && this.#nextRequest() !== undefined) {
      const generation = this.#generation
      if (this.#session === undefined) await this.#begin(generation)
      if (generation !== this.#generation) continue
      const retry = this.#retries.takeDue(this.#context.clock.now())
      if (retry === undefined && this.#unsettled >= unsettledMax) break
      const delivery = retry === undefined ? await this.#readNext() : await this.#readAgain(retry)
      if (generation !== this.#generation || this.#failure !== undefined) continue
      if (delivery === 'interrupted') continue
      if (delivery !== undefined) this.#deliver(delivery.event, delivery.attempt)
    }
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
    const { id, sequence } = record
    this.#floor = { id, sequence }
    this.#read = sequence
    this.#settled = new SequenceRanges(record.acknowledged)
    this.#attempts = new Map(record.attempts)
    const begin = async (): Promise<CheckedPosition> => Promise.resolve({ type: 'id', id: id + 1n })
    const reader = this.#context.follow(this.topic, begin)
    this.#iterator = reader[Symbol.asyncIterator]()
  }

  /** The next event that was not settled before; undefined when it was for nobody any more. */
  async #readNext(): Promise<{ event: LogEvent; attempt: number } | 'interrupted' | undefined> {
    this.#pending ??= this.#arrival(this.#generation)
    const interrupted = new Promise<void>((resolve) => {
      this.#interrupt = resolve
    })
    await Promise.race([this.#pending, interrupted])
    this.#interrupt = undefined
    const event = this.#arrived
    if (event === undefined) return 'interrupted'
    this.#arrived = undefined
    this.#pending = undefined
    this.#skipTo(event)
    if (this.#isSettled(event.sequence)) return undefined
    return { event, attempt: (this.#attempts.get(event.sequence) ?? 0) + 1 }
  }

  /** What was acknowledged ahead is no longer among the ranges once the position has passed it. */
  #isSettled(sequence: number): boolean {
    return sequence <= this.#floor.sequence || this.#settled.has(sequence)
  }

  /** The read of the next event, which goes on while a retry comes first. */
  #pending: Promise<void> | undefined
  #arrived: LogEvent | undefined
  /** Ends the wait for the next event, because something else is to be done. */
  #interrupt: (() => void) | undefined

  async #arrival(generation: number): Promise<void> {
    try {
      const next = await this.#iterator!.next()
      if (generation !== this.#generation || next.done === true) return
      this.#arrived = next.value
    } catch (error) {
      if (generation === this.#generation) this.fail(error)
    }
  }

  async #readAgain(retry: Retry): Promise<{ event: LogEvent; attempt: number } | undefined> {
    const event = await this.#context.readOne(this.topic, retry.id)
    if (event !== undefined) return { event, attempt: retry.attempt }
    // Trimmed meanwhile: there is nothing left to handle.
    this.#settled.add({ from: retry.sequence, to: retry.sequence, toId: retry.id })
    await this.#store()
    return undefined
  }

  /** Sequences between the last one read and this one are gone: nobody will acknowledge them. */
  #skipTo(event: LogEvent): void {
    const from = this.#read + 1
    const to = event.sequence - 1
    if (from <= to) this.#settled.add({ from, to, toId: event.id - 1n })
    this.#read = Math.max(this.#read, event.sequence)
  }

  #deliver(event: LogEvent, attempt: number): void {
    const request = this.#nextRequest()
    if (request === undefined) {
      // Whoever asked has left: the event waits for the next one, as if it had not been read.
      this.#retry({ id: event.id, sequence: event.sequence, attempt, dueAt: 0n })
      return
    }
    this.#requests.splice(this.#requests.indexOf(request), 1)
    const { instance } = request
    const deadline = this.#deadline(instance)
    const held: Held = { event, attempt, instance, deadline, outcome: undefined, onLost: undefined }
    instance.held.add(held)
    this.#held.set(event.sequence, held)
    this.#attempts.set(event.sequence, attempt)
    this.#timer.wakeAt(deadline)
    request.resolve(held)
  }

  /** The request that waits longest of those whose instance may hold one more. */
  #nextRequest(): Request | undefined {
    return this.#requests.find(({ instance }) => instance.held.size < instance.options.maxInFlight)
  }

  #settle(held: Held): Promise<void> {
    this.#release(held)
    const { sequence, id } = held.event
    this.#attempts.delete(sequence)
    this.#settled.add({ from: sequence, to: sequence, toId: id })
    this.#pump()
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
    const { sequence, id, payload } = event
    this.#attempts.delete(sequence)
    this.#settled.add({ from: sequence, to: sequence, toId: id })
    const part = { topic: deadLetter, payloads: [payload] }
    await this.#write([{ ...part, expect: undefined, producer: undefined, time: undefined }])
    this.#context.onDeadLetter(event, deadLetter, attempts)
  }

  #retry(retry: Retry): void {
    this.#retries.add(retry)
    if (this.#failure === undefined) this.#timer.wakeAt(retry.dueAt)
  }

  #release(held: Held): void {
    held.instance.held.delete(held)
    if (this.#held.get(held.event.sequence) === held) this.#held.delete(held.event.sequence)
    if (this.#unsettled === 0) this.#timer.stop()
  }

  /** Stores what is settled; calls that come before the commit begins share it. */
  #store(): Promise<void> {
    this.#flush ??= this.#write([])
    return this.#flush
  }

  async #write(parts: readonly AppendPart[]): Promise<void> {
    const generation = this.#generation
    const change = (record: CursorRecord): CursorRecord => {
      // From here on, what is settled goes with the next commit.
      this.#flush = undefined
      if (generation !== this.#generation) throw this.#fenced('moved')
      checkSession(record, this.#session!, this.topic, this.consumer)
      return this.#record(record)
    }
    try {
      await this.#context.cursors.change(this.topic, this.consumer, change, { parts })
    } catch (error) {
      if (generation === this.#generation) this.fail(error)
      throw error
    }
  }

  #record(before: CursorRecord): CursorRecord {
    const next = this.#settled.takeFrom(this.#floor.sequence + 1)
    if (next !== undefined) this.#floor = { id: next.toId, sequence: next.to }
    this.#released = false
    return {
      ...before,
      ...this.#floor,
      updatedAt: this.#context.clock.now(),
      acknowledged: this.#settled.toArray(),
      attempts: new Map(this.#attempts),
    }
  }

  /** The cursor was moved: what is held counts no more, and reading begins there. */
  #restart(): void {
    this.#generation++
    for (const held of this.#held.values()) {
      lose(held, this.#lost(held))
      held.instance.held.delete(held)
    }
    this.#held.clear()
    this.#retries.clear()
    this.#session = undefined
    this.#flush = undefined
    this.#pending = undefined
    this.#arrived = undefined
    void this.#iterator?.return?.()
    this.#iterator = undefined
    this.#interrupt?.()
    this.#pump()
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
    this.#pump()
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

function lose(held: Held, why: unknown): void {
  if (held.outcome !== undefined) return
  held.outcome = 'lost'
  held.onLost?.(why)
}
