/**
 * How likely it is that a member is gone, after Hayashibara, Défago, Yared and Katayama, "The φ
 * accrual failure detector" (SRDS 2004): φ = -log10 of the probability that news of it would come
 * even later than now, if it comes as it came before. At φ = 8 one alarm in 10^8 is false, as far as
 * the intervals are those of a normal distribution.
 */

/** Intervals that are remembered: what was long ago says nothing about now. */
const intervalsMax = 100

export interface PhiAccrualOptions {
  /** How often news is expected at first, in milliseconds. */
  readonly expectedMs: number
  /**
   * The least standard deviation, in milliseconds: news that came like clockwork must not make a
   * short pause suspicious.
   */
  readonly deviationMsMin: number
  /** An interval longer than this was an outage, and says nothing about how news comes usually. */
  readonly intervalMsMax: number
}

export class PhiAccrual {
  readonly #options: PhiAccrualOptions
  readonly #intervals: number[]
  #sum = 0
  #sumOfSquares = 0
  #lastMs: number

  /** `nowMs` is the first arrival, by a monotonic clock. */
  constructor(nowMs: number, options: PhiAccrualOptions) {
    this.#options = options
    this.#lastMs = nowMs
    this.#intervals = []
    // Two that stand for a mean and some doubt about it, until there are real ones.
    this.#add(options.expectedMs * 0.5)
    this.#add(options.expectedMs * 1.5)
  }

  /** When news came last. */
  get lastMs(): number {
    return this.#lastMs
  }

  /** News came. */
  arrive(nowMs: number): void {
    const interval = nowMs - this.#lastMs
    if (interval <= this.#options.intervalMsMax) this.#add(interval)
    this.#lastMs = nowMs
  }

  /** 0 for no suspicion at all; 1, 2, 3 … for one in 10, 100, 1,000 … that it is false. */
  phi(nowMs: number): number {
    const count = this.#intervals.length
    const mean = this.#sum / count
    const variance = Math.max(this.#sumOfSquares / count - mean ** 2, 0)
    const deviation = Math.max(Math.sqrt(variance), this.#options.deviationMsMin)
    return -Math.log10(laterThan((nowMs - this.#lastMs - mean) / deviation))
  }

  #add(interval: number): void {
    this.#intervals.push(interval)
    this.#sum += interval
    this.#sumOfSquares += interval ** 2
    if (this.#intervals.length <= intervalsMax) return
    const oldest = this.#intervals.shift()!
    this.#sum -= oldest
    this.#sumOfSquares -= oldest ** 2
  }
}

/**
 * The upper tail of the standard normal distribution, by the logistic approximation of Bowling et al.
 * (2009), which is good to 1.4 in 10,000 and never says that something is impossible.
 */
function laterThan(deviations: number): number {
  const exponent = deviations * (1.5976 + 0.07056 * deviations ** 2)
  return Math.max(1 / (1 + Math.exp(Math.min(exponent, 700))), Number.MIN_VALUE)
}
