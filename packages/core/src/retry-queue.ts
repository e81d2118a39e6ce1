/** An event that is to be delivered again. */
export interface Retry {
  id: bigint
  sequence: number
  /** The number of the next delivery. */
  attempt: number
  /** UNIX nanoseconds; not before that. */
  dueAt: bigint
}

/** Events to be delivered again, in the order of their sequences. */
export class RetryQueue {
  #retries: Retry[] = []

  get size(): number {
    return this.#retries.length
  }

  add(retry: Retry): void {
    const at = this.#retries.findIndex(({ sequence }) => sequence > retry.sequence)
    this.#retries.splice(at < 0 ? this.#retries.length : at, 0, retry)
  }

  /** Takes out the first of those that are due. */
  takeDue(now: bigint): Retry | undefined {
    const at = this.#retries.findIndex(({ dueAt }) => dueAt <= now)
    return at < 0 ? undefined : this.#retries.splice(at, 1)[0]
  }

  /** When the next of those that are not due yet will be. */
  nextDue(now: bigint): bigint | undefined {
    let next: bigint | undefined
    for (const { dueAt } of this.#retries) {
      if (dueAt > now && (next === undefined || dueAt < next)) next = dueAt
    }
    return next
  }

  clear(): void {
    this.#retries = []
  }
}
