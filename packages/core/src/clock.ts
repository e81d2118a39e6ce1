/** Where time comes from. Injected, so that tests decide what time it is. */
export interface Clock {
  /** The wall clock, in UNIX nanoseconds. */
  now(): bigint
  /**
   * Calls `callback` once after `delayMs`; the function returned takes it back. A `background`
   * timer does not keep the process alive.
   */
  setTimer(callback: () => void, delayMs: number, kind?: 'background'): () => void
}

const nanosecondsPerMs = 1_000_000n

/** UNIX nanoseconds of a Date. */
export function nanoseconds(date: Date): bigint {
  return BigInt(date.getTime()) * nanosecondsPerMs
}

/** The Date of UNIX nanoseconds, rounded down to its millisecond. */
export function dateOf(nanosecondsSinceEpoch: bigint): Date {
  return new Date(Number(nanosecondsSinceEpoch / nanosecondsPerMs))
}

// What every runtime has but no library of types without DOM or Node declares.
declare const performance: { now(): number }
declare function setTimeout(callback: () => void, delayMs: number): unknown
declare function clearTimeout(timer: unknown): void

// Longer delays make setTimeout fire at once.
const timerMsMax = 2 ** 31 - 1

/**
 * The clock of the machine. `Date` knows the wall clock to the millisecond and follows its
 * corrections; the digits below come from the monotonic clock since that millisecond began.
 */
export function systemClock(): Clock {
  let lastMs = 0
  let lastTick = 0
  return {
    now() {
      const ms = Date.now()
      const tick = performance.now()
      if (ms !== lastMs) {
        lastMs = ms
        lastTick = tick
      }
      const fraction = Math.min(Math.floor((tick - lastTick) * 1e6), 999_999)
      return BigInt(ms) * nanosecondsPerMs + BigInt(fraction)
    },
    setTimer(callback, delayMs, kind) {
      const timer = setTimeout(callback, Math.min(delayMs, timerMsMax))
      if (
        kind === 'background' &&
        typeof timer === 'object' &&
        timer !== null &&
        'unref' in timer
      ) {
        ;(timer as { unref(): void }).unref()
      }
      return () => {
        clearTimeout(timer)
      }
    },
  }
}
