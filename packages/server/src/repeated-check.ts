import type { Clock } from '@goethe/core'

export interface RepeatedCheckOptions {
  clock: Clock
  intervalMs: number
  /** Deals with what goes wrong by itself. */
  check(): Promise<void>
}

/** Looks at something from time to time, at each interval after a look has ended, once at a time. */
export class RepeatedCheck {
  readonly #options: RepeatedCheckOptions
  #checking: Promise<void> | undefined
  #cancel: (() => void) | undefined
  #stopped = false

  constructor(options: RepeatedCheckOptions) {
    this.#options = options
  }

  /** Looks now, or waits for the look that is under way. */
  now(): Promise<void> {
    this.#checking ??= this.#options.check().finally(() => {
      this.#checking = undefined
    })
    return this.#checking
  }

  /** Looks at each interval from now on, until `stop`. */
  start(): void {
    if (this.#stopped) return
    const { clock, intervalMs } = this.#options
    const tick = (): void => {
      void this.now().then(() => {
        this.start()
      })
    }
    this.#cancel = clock.setTimer(tick, intervalMs, 'background')
  }

  /** Resolves when no look is under way, and none will come. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel?.()
    await this.#checking
  }
}
