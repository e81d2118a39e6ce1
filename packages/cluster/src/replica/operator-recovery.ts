/**
 * The word of an operator that this member is to lead, whatever may be missing here (rule 1). It was
 * said of the cluster as this member knew it: when somebody has come to lead since, or when it could
 * not be done in time, it has to be said again.
 */
import type { Context } from './context.js'

export class OperatorRecovery {
  /** The highest epoch that was known when it was said. */
  #epoch: number | undefined
  /** Until when it counts, by the driver's clock. */
  #untilMs = -Infinity

  constructor(private readonly context: Pick<Context, 'clockMs' | 'facts'>) {}

  want(deadlineMs: number): void {
    this.#epoch = this.context.facts.seenEpoch
    this.#untilMs = deadlineMs
  }

  get wanted(): boolean {
    const { clockMs = -Infinity } = this.context
    return this.#epoch !== undefined && clockMs < this.#untilMs
  }

  /** There is no need for it any more, or it was of another cluster. */
  end(): void {
    this.#epoch = undefined
  }

  /** The record is of this epoch. */
  seen(epoch: number): void {
    if (epoch > (this.#epoch ?? Infinity)) this.end()
  }
}
