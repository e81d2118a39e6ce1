/** From the journal into the store that readers see: in order, and only what is committed (rule 4). */
import type { Effect } from './effect.js'
import type { JournalIndex } from './journal-index.js'

export class Applier {
  #commitLsn: number
  #appliedLsn: number
  #flushedLsn: number
  #applyingLsn: number
  #frozen = false

  constructor(
    appliedLsn: number,
    private readonly journal: JournalIndex,
    private readonly emit: (effect: Effect) => void,
  ) {
    this.#commitLsn = appliedLsn
    this.#appliedLsn = appliedLsn
    this.#flushedLsn = appliedLsn
    this.#applyingLsn = appliedLsn
  }

  /** Everything up to here is known to be committed, and is in the journal. Never goes down. */
  get commitLsn(): number {
    return this.#commitLsn
  }

  get appliedLsn(): number {
    return this.#appliedLsn
  }

  /** What of the applied state would survive a power loss. */
  get flushedLsn(): number {
    return this.#flushedLsn
  }

  get applying(): boolean {
    return this.#applyingLsn > this.#appliedLsn
  }

  /** Whether `lsn` is news; applying goes on either way. */
  commit(lsn: number): boolean {
    const news = lsn > this.#commitLsn
    if (news) this.#commitLsn = lsn
    this.continue()
    return news
  }

  applied(lsn: number, flushedLsn: number): void {
    this.#appliedLsn = lsn
    this.#flushedLsn = flushedLsn
    this.continue()
  }

  /** Only what is safe in the own journal: the store must not be ahead of it after a power loss. */
  continue(): void {
    const toLsn = Math.min(this.#commitLsn, this.journal.durableLsn)
    if (this.#frozen || this.applying || toLsn <= this.#appliedLsn) return
    this.#applyingLsn = toLsn
    this.emit({ type: 'apply', fromLsn: this.#appliedLsn + 1, toLsn })
  }

  /** Begins nothing more, because the store is about to be replaced. */
  freeze(): void {
    this.#frozen = true
  }

  /** The store will not be replaced after all. */
  thaw(): void {
    this.#frozen = false
    this.continue()
  }

  /** The store was replaced by a snapshot. */
  restart(lsn: number): void {
    this.#frozen = false
    this.#commitLsn = Math.max(this.#commitLsn, lsn)
    this.#appliedLsn = lsn
    this.#flushedLsn = lsn
    this.#applyingLsn = lsn
  }
}
