/**
 * Questions whether this is still the leader, for linearizable reads. A later leader is one of the
 * in-sync set and promised not to answer us any more, so when all of the set answer, there was none.
 */
import type { Context } from './context.js'

export class Confirmations {
  #latest = 0
  #waiting: { number: number; confirmation: number; lsn: number }[] = []

  constructor(private readonly context: Context) {}

  /** The latest question, which heartbeats carry. */
  get latest(): number {
    return this.#latest
  }

  ask(confirmation: number): void {
    this.#latest += 1
    const lsn = this.context.applier.commitLsn
    this.#waiting.push({ number: this.#latest, confirmation, lsn })
  }

  /** Everybody who is needed has answered this question. */
  answered(number: number): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.number <= number) {
      const { confirmation, lsn } = this.#waiting.shift()!
      this.context.emit({ type: 'confirmed', confirmation, lsn })
    }
  }

  end(): void {
    for (const { confirmation } of this.#waiting) {
      this.context.emit({ type: 'unconfirmed', confirmation, refusal: { code: 'NOT_LEADER' } })
    }
    this.#waiting = []
  }
}
