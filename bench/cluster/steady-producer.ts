/** Appends one event after the other until it is ended, and goes on when one fails. */
export class SteadyProducer {
  readonly #append: () => Promise<unknown>
  readonly #done: Promise<void>
  #isOver = false
  #waiting: (() => void)[] = []
  /** Appends that were refused, or whose outcome is unknown. */
  failed = 0
  /** How long the slowest append took since this was last set. */
  longestMs = 0

  constructor(append: () => Promise<unknown>) {
    this.#append = append
    this.#done = this.#run()
  }

  /** Resolves when an append that begins from now on is acknowledged. */
  async acknowledged(): Promise<void> {
    // The one under way may have been acknowledged already, and its answer not have come.
    for (let count = 0; count < 2; count++) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#done
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const start = performance.now()
      try {
        await this.#append()
      } catch {
        this.failed++
        continue
      }
      this.longestMs = Math.max(this.longestMs, performance.now() - start)
      for (const resolve of this.#waiting.splice(0)) resolve()
    }
  }
}
