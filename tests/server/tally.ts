/** A number that grows, and those who wait until it is large enough. */
export class Tally {
  #count = 0
  readonly #waiting = new Set<() => void>()

  get count(): number {
    return this.#count
  }

  add(): void {
    this.#count++
    for (const resume of this.#waiting) resume()
    this.#waiting.clear()
  }

  async reaches(count: number): Promise<void> {
    while (this.#count < count) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }
}
