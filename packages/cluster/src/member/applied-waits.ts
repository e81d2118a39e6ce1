/** Those who wait until the store has applied an entry. */
export class AppliedWaits {
  readonly #waits = new Set<{ readonly lsn: number; readonly resume: () => void }>()

  /** Calls back once, when `advance` has got there; the function returned takes it back. */
  add(lsn: number, resume: () => void): () => void {
    const wait = { lsn, resume }
    this.#waits.add(wait)
    return () => this.#waits.delete(wait)
  }

  /** The store has applied everything up to this entry, and readers see it. */
  advance(appliedLsn: number): void {
    for (const wait of this.#waits) {
      if (wait.lsn > appliedLsn) continue
      this.#waits.delete(wait)
      wait.resume()
    }
  }
}
