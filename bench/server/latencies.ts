/** Collects how long things took, and says how long most of them did. */
export class Latencies {
  readonly #microseconds: number[] = []

  /** `since` is a time of `performance.now()`. */
  add(since: number): void {
    this.#microseconds.push((performance.now() - since) * 1000)
  }

  /** The metrics of a sample. */
  metrics(): { [p50]: number; [p99]: number } {
    const sorted = Float64Array.from(this.#microseconds).sort()
    const percentile = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]!
    return { [p50]: percentile(0.5), [p99]: percentile(0.99) }
  }
}

export const p50 = 'p50 µs'
export const p99 = 'p99 µs'
