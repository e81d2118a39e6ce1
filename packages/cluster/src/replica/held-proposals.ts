/**
 * What is proposed while the lead is being given up. Nothing is done with it, so it can wait for the
 * end of that, which is near, and then go to who leads next.
 */
import type { Context } from './context.js'
import type { Refusal } from './effect.js'

export class HeldProposals {
  #proposals: number[] = []
  #bytes = 0

  constructor(private readonly context: Context) {}

  /** False where too much waits already. */
  add(proposal: number, bytes: number): boolean {
    if (this.#bytes + bytes > this.context.options.limits.proposedBytesMax) return false
    this.#proposals.push(proposal)
    this.#bytes += bytes
    return true
  }

  refuse(refusal: Refusal): void {
    for (const proposal of this.#proposals) this.context.emit({ type: 'reject', proposal, refusal })
    this.#proposals = []
    this.#bytes = 0
  }
}
