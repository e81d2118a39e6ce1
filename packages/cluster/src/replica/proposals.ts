/** What was proposed to a leader and is not acknowledged yet, in the order of the journal. */
import type { Context } from './context.js'

export class Proposals {
  #waiting: { proposal: number; lsn: number; bytes: number }[] = []
  #bytes = 0
  #high = false

  constructor(private readonly context: Context) {}

  add(proposal: number, lsn: number, bytes: number): void {
    this.#waiting.push({ proposal, lsn, bytes })
    this.#bytes += bytes
    this.#press()
  }

  /** Everything up to `lsn` is committed and applied. */
  applied(lsn: number): void {
    const count = this.#waiting.findIndex((waiting) => waiting.lsn > lsn)
    const done = this.#waiting.splice(0, count === -1 ? this.#waiting.length : count)
    for (const { proposal, lsn, bytes } of done) {
      this.#bytes -= bytes
      this.context.emit({ type: 'accept', proposal, lsn })
    }
    this.#press()
  }

  /** Nobody here will learn what becomes of them (rule 11). */
  end(): void {
    const refusal = this.context.options.rules.afterTheLead()
    for (const { proposal } of this.#waiting) {
      this.context.emit({ type: 'reject', proposal, refusal })
    }
    this.#waiting = []
    this.#bytes = 0
    this.#press()
  }

  #press(): void {
    const { proposedBytesMax } = this.context.options.limits
    // Held back until half of it is done, so that it does not flicker.
    const high = this.#bytes >= (this.#high ? proposedBytesMax / 2 : proposedBytesMax)
    if (high !== this.#high) this.context.emit({ type: 'pressure', high })
    this.#high = high
  }
}
