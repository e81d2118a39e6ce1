/** So many of something in a time, for each of many who are told apart by a name. */
import type { Clock } from '@goethe/core'

/** Names that are remembered; beyond that those who were idle longest are forgotten. */
const namesMax = 10_000

export interface RateLimitOptions {
  /** So many in `intervalMs`, which may come at once. 0 for no limit. */
  count: number
  intervalMs: number
  clock: Clock
}

export class RateLimit {
  readonly #options: RateLimitOptions
  /** What is left, and when that was counted; in the order of last use. */
  readonly #left = new Map<string, { count: number; at: bigint }>()

  constructor(options: RateLimitOptions) {
    this.#options = options
  }

  /** Counts one. Gives 0 where that was allowed, else after how many milliseconds it will be. */
  take(name: string): number {
    const { count: max, intervalMs, clock } = this.#options
    if (max === 0) return 0
    const now = clock.now()
    const last = this.#left.get(name) ?? { count: max, at: now }
    const elapsedMs = Math.max(Number(now - last.at) / 1e6, 0)
    const count = Math.min(last.count + (elapsedMs * max) / intervalMs, max)
    const allowed = count >= 1
    this.#left.delete(name)
    this.#left.set(name, { count: allowed ? count - 1 : count, at: now })
    if (this.#left.size > namesMax) this.#left.delete(this.#left.keys().next().value!)
    return allowed ? 0 : Math.ceil(((1 - count) * intervalMs) / max)
  }
}
