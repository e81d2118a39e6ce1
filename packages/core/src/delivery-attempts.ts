/**
 * How often a consumer's events were delivered. Most of those that were read were delivered once, so
 * that a sequence up to which that is so says it for all of them, and only the others are noted:
 * the counts are stored with each commit of the cursor, and thousands of events may be under way.
 */
import type { CursorRecord } from './cursor-record.js'

export class DeliveryAttempts {
  readonly #others: Map<number, number>
  #deliveredTo: number

  constructor({ attempts, deliveredTo }: Pick<CursorRecord, 'attempts' | 'deliveredTo'>) {
    this.#others = new Map(attempts)
    this.#deliveredTo = deliveredTo
  }

  /** Deliveries so far of an event that is not acknowledged. */
  of(sequence: number): number {
    return this.#others.get(sequence) ?? (sequence <= this.#deliveredTo ? 1 : 0)
  }

  /**
   * An event was delivered, for the so manieth time. All before it were delivered or are settled:
   * events are delivered in order, but for those that come again.
   */
  delivered(sequence: number, attempt: number): void {
    this.#deliveredTo = Math.max(this.#deliveredTo, sequence)
    this.#note(sequence, attempt)
  }

  /** The delivery counts as if it had never been. */
  takeBack(sequence: number, attempt: number): void {
    this.#note(sequence, attempt - 1)
  }

  /** Nothing is to be known any more of an event. */
  settled(sequence: number): void {
    if (this.#others.size > 0) this.#others.delete(sequence)
  }

  /** Nothing is to be known any more of all events up to this one. */
  settledTo(sequence: number): void {
    for (const noted of this.#others.keys()) if (noted <= sequence) this.#others.delete(noted)
  }

  toRecord(): Pick<CursorRecord, 'attempts' | 'deliveredTo'> {
    const attempts = new Map(this.#others)
    let deliveredTo = this.#deliveredTo
    // Whatever was taken back at the end need not be named one by one.
    for (; attempts.get(deliveredTo) === 0; deliveredTo--) attempts.delete(deliveredTo)
    return { attempts, deliveredTo }
  }

  #note(sequence: number, attempts: number): void {
    if (attempts !== 1) this.#others.set(sequence, attempts)
    else if (this.#others.size > 0) this.#others.delete(sequence)
  }
}
