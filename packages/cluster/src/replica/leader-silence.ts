/**
 * For how long the leader was silent, and how long that is borne. Patience is drawn by chance, so that
 * members do not all try at once.
 */
import type { Context } from './context.js'

export class LeaderSilence {
  #leaderHeardMs: number
  #othersHeardMs = -Infinity
  #patienceMs: number
  #invited = false

  constructor(private readonly context: Pick<Context, 'nowMs' | 'options'>) {
    this.#leaderHeardMs = context.nowMs
    this.#patienceMs = this.#newPatienceMs()
  }

  /** The leader spoke, or there is another one. */
  end(): void {
    this.#leaderHeardMs = this.context.nowMs
  }

  /** The lead was lost or given up: be patient anew. */
  beginAnew(): void {
    this.#invited = false
    this.#leaderHeardMs = this.context.nowMs
    this.#patienceMs = this.#newPatienceMs()
  }

  /** Another in-sync member says that it hears the leader, as it says for a while after the last word. */
  othersHeard(): void {
    this.#othersHeardMs = this.context.nowMs - this.#hearsForMs
  }

  /** The leader that gave up its lead wants this member to be next. */
  invite(): void {
    this.#invited = true
  }

  /** Whether the leader was heard just now, which is what other members want to know (rule 3). */
  get hearsLeader(): boolean {
    return this.#silentMs < this.#hearsForMs
  }

  /** Whether it is time to follow one that gave up its lead. */
  get isLongAfterLead(): boolean {
    return this.#invited || this.#silentMs >= this.#patienceMs / 2
  }

  /** Whether it is time to replace one that gave up nothing: others do not hear it either. */
  get isLong(): boolean {
    const { nowMs, options } = this.context
    const othersHear = nowMs - this.#othersHeardMs < options.times.electionTimeoutMs
    return this.#silentMs >= this.#patienceMs && !othersHear
  }

  get #silentMs(): number {
    return this.context.nowMs - this.#leaderHeardMs
  }

  get #hearsForMs(): number {
    return this.context.options.times.heartbeatMs * 3
  }

  #newPatienceMs(): number {
    const { times, random } = this.context.options
    return times.electionTimeoutMs * (1 + random() / 2)
  }
}
