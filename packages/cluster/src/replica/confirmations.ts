/**
 * Questions whether this is still the leader, for linearizable reads here and at followers. A later
 * leader is one of the in-sync set and promised not to answer us any more, so when all of the set
 * answer, there was none, and what was committed when it was asked is all there was.
 */
import type { Context } from './context.js'
import type { Refusal } from './effect.js'
import type { FromLeader, Sender } from './messages.js'
import type { ReplicaTimes } from './options.js'

/** Who asks: a reader here by its number, or a follower by that of its question. */
export type Asker =
  { readonly confirmation: number } | { readonly to: Sender; readonly request: number }

interface Waiting {
  readonly number: number
  readonly asker: Asker
  readonly lsn: number
  readonly askedMs: number
}

export class Confirmations {
  #latest = 0
  #waiting: Waiting[] = []
  /** Confirmed, for readers here, who see it once it is applied. */
  #applying: { readonly confirmation: number; readonly lsn: number }[] = []

  constructor(
    private readonly context: Context,
    private readonly send: (to: Sender, body: FromLeader) => void,
  ) {}

  /** The latest question, which heartbeats carry. */
  get latest(): number {
    return this.#latest
  }

  ask(asker: Asker): void {
    this.#latest += 1
    const { applier, nowMs } = this.context
    const lsn = applier.commitLsn
    this.#waiting.push({ number: this.#latest, asker, lsn, askedMs: nowMs })
  }

  /** Everybody who is needed has answered this question. */
  answered(number: number): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.number <= number) {
      const { asker, lsn } = this.#waiting.shift()!
      if ('to' in asker) this.send(asker.to, { type: 'confirmed', request: asker.request, lsn })
      else this.#applying.push({ confirmation: asker.confirmation, lsn })
    }
    this.applied()
  }

  /** The store made progress. */
  applied(): void {
    const { applier, options, emit } = this.context
    while (this.#applying.length > 0) {
      const { confirmation, lsn } = this.#applying[0]!
      if (!options.rules.isReadable(applier.appliedLsn, lsn)) return
      this.#applying.shift()
      emit({ type: 'confirmed', confirmation })
    }
  }

  /**
   * Refuses what has waited longer than it takes to leave out a member that is gone: those who wait
   * may find another leader, and whoever is cut off would let them wait for good.
   */
  expire(reason: string): void {
    const { nowMs, options } = this.context
    const sinceMs = nowMs - confirmationMsMax(options.times)
    const fresh = this.#waiting.findIndex(({ askedMs }) => askedMs > sinceMs)
    const late = this.#waiting.splice(0, fresh === -1 ? this.#waiting.length : fresh)
    this.#refuse(
      late.map(({ asker }) => asker),
      { code: 'UNAVAILABLE', reason },
    )
  }

  end(): void {
    const all = [...this.#applying, ...this.#waiting.map(({ asker }) => asker)]
    this.#waiting = []
    this.#applying = []
    this.#refuse(all, { code: 'NOT_LEADER' })
  }

  /** Followers ask again by themselves, and know how long their readers wait. */
  #refuse(askers: readonly Asker[], refusal: Refusal): void {
    for (const asker of askers) {
      if ('to' in asker) continue
      const { confirmation } = asker
      this.context.emit({ type: 'unconfirmed', confirmation, refusal })
    }
  }
}

/** How long a linearizable read waits: within this, a member that is gone would have been left out. */
export function confirmationMsMax({
  replicaTimeoutMs,
}: Pick<ReplicaTimes, 'replicaTimeoutMs'>): number {
  return 2 * replicaTimeoutMs
}
