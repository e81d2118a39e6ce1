/**
 * Questions whether this is still the leader, for linearizable reads. A later leader is one of the
 * in-sync set and promised not to answer us any more, so when all of the set answer, there was none.
 */
import type { Context } from './context.js'
import type { Refusal } from './effect.js'

export class Confirmations {
  #latest = 0
  #waiting: { number: number; confirmation: number; lsn: number; askedMs: number }[] = []

  constructor(private readonly context: Context) {}

  /** The latest question, which heartbeats carry. */
  get latest(): number {
    return this.#latest
  }

  ask(confirmation: number): void {
    this.#latest += 1
    const { applier, nowMs } = this.context
    const lsn = applier.commitLsn
    this.#waiting.push({ number: this.#latest, confirmation, lsn, askedMs: nowMs })
  }

  /** Everybody who is needed has answered this question. */
  answered(number: number): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.number <= number) {
      const { confirmation, lsn } = this.#waiting.shift()!
      this.context.emit({ type: 'confirmed', confirmation, lsn })
    }
  }

  /**
   * Refuses what has waited longer than it takes to leave out a member that is gone: those who wait
   * may find another leader, and whoever is cut off would let them wait for good.
   */
  expire(reason: string): void {
    const { nowMs, options } = this.context
    const sinceMs = nowMs - 2 * options.times.replicaTimeoutMs
    const fresh = this.#waiting.findIndex(({ askedMs }) => askedMs > sinceMs)
    this.#refuse(fresh === -1 ? this.#waiting.length : fresh, { code: 'UNAVAILABLE', reason })
  }

  end(): void {
    this.#refuse(this.#waiting.length, { code: 'NOT_LEADER' })
  }

  #refuse(count: number, refusal: Refusal): void {
    for (const { confirmation } of this.#waiting.splice(0, count)) {
      this.context.emit({ type: 'unconfirmed', confirmation, refusal })
    }
  }
}
