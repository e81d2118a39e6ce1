import type { Clock } from './clock.js'

/** One timer for many moments: it fires at the earliest, and is then set to the next. */
export class WakeTimer {
  readonly #clock: Clock
  readonly #onWake: () => void
  #at: bigint | undefined
  #cancel: (() => void) | undefined

  constructor(clock: Clock, onWake: () => void) {
    this.#clock = clock
    this.#onWake = onWake
  }

  /** Sees to it that the timer fires at this time (UNIX nanoseconds) or earlier. */
  wakeAt(time: bigint): void {
    if (this.#at !== undefined && this.#at <= time) return
    this.stop()
    this.#at = time
    const delay = time - this.#clock.now()
    const delayMs = delay <= 0n ? 0 : Number(delay / 1_000_000n) + 1
    this.#cancel = this.#clock.setTimer(() => {
      this.stop()
      this.#onWake()
    }, delayMs)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#at = undefined
  }
}
