/**
 * How far a consumer has come in its topic, as its group knows it: what it has read, what of that is
 * settled, and how often the rest was delivered. The cursor's record says it for whoever goes on.
 */
import type { EventReference } from './cursor-api.js'
import { type CursorRecord, newCursorRecord } from './cursor-record.js'
import { DeliveryAttempts } from './delivery-attempts.js'
import { SequenceRanges } from './sequence-ranges.js'

export class ConsumerProgress {
  /** All up to here are settled, and that was told to `record`. */
  #floor: EventReference
  /** The last sequence that was read of the topic. */
  #read: number
  /** Settled behind the floor. */
  readonly #settled: SequenceRanges
  readonly #attempts: DeliveryAttempts
  /** True while what is stored may count attempts at which nobody looked. */
  #countsTooMany = false

  constructor(record: CursorRecord = newCursorRecord) {
    const { id, sequence } = record
    this.#floor = { id, sequence }
    this.#read = sequence
    this.#settled = new SequenceRanges(record.acknowledged)
    this.#attempts = new DeliveryAttempts(record)
  }

  /** True where nothing but `record` tells that attempts were taken back. */
  get countsTooMany(): boolean {
    return this.#countsTooMany
  }

  /** Takes note of the next event; false where it was settled before. */
  read({ id, sequence }: EventReference): boolean {
    const from = this.#read + 1
    const to = sequence - 1
    // Those between are gone: nobody will acknowledge them.
    if (from <= to) this.#settled.add({ from, to, toId: id - 1n })
    this.#read = Math.max(this.#read, sequence)
    // What was settled ahead is no longer among the ranges once the floor has passed it.
    return sequence > this.#floor.sequence && !this.#settled.has(sequence)
  }

  /** Deliveries so far of an event that is not settled. */
  attempts({ sequence }: EventReference): number {
    return this.#attempts.of(sequence)
  }

  delivered({ sequence }: EventReference, attempt: number): void {
    this.#attempts.delivered(sequence, attempt)
  }

  /** Nobody has looked at the delivery. */
  takeBack({ sequence }: EventReference, attempt: number): void {
    this.#attempts.takeBack(sequence, attempt)
    this.#countsTooMany = true
  }

  /** The event is handled, or gone. */
  settle({ id, sequence }: EventReference): void {
    this.#attempts.settled(sequence)
    this.#settled.add({ from: sequence, to: sequence, toId: id })
  }

  /** The cursor's record after `before`. */
  record(before: CursorRecord, updatedAt: bigint): CursorRecord {
    const next = this.#settled.takeFrom(this.#floor.sequence + 1)
    if (next !== undefined) {
      this.#floor = { id: next.toId, sequence: next.to }
      this.#attempts.settledTo(next.to)
    }
    this.#countsTooMany = false
    const acknowledged = this.#settled.toArray()
    return { ...before, ...this.#floor, updatedAt, acknowledged, ...this.#attempts.toRecord() }
  }
}
