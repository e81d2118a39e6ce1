/** Counts acknowledgements under way, so that a consumer can go on and wait for all in the end. */
export class Acknowledgements {
  #count = 0
  #failure: unknown
  #resolve: (() => void) | undefined

  add(acknowledgement: Promise<unknown>): void {
    this.#count++
    const done = () => {
      if (--this.#count === 0) this.#resolve?.()
    }
    acknowledgement.then(done, (error: unknown) => {
      this.#failure ??= error
      done()
    })
  }

  /** Resolves when none is under way; rejects when one was refused. */
  async drained(): Promise<void> {
    if (this.#count > 0) await new Promise<void>((resolve) => (this.#resolve = resolve))
    if (this.#failure !== undefined) throw this.#failure
  }
}
