/** Durations of many calls, of which the distribution matters. */
export class Latencies {
  readonly #ms: number[] = []

  add(ms: number): void {
    this.#ms.push(ms)
  }

  get count(): number {
    return this.#ms.length
  }

  /** The duration that a share of the calls, from 0 to 1, did not exceed. */
  percentile(share: number): number {
    const sorted = this.#ms.toSorted((a, b) => a - b)
    return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)] ?? 0
  }
}
