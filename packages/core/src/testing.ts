/** For tests of applications: a clock that goes only when it is told to. */
import type { Clock } from './clock.js'

export interface ManualClock extends Clock {
  /** Moves time on and calls the timers that are due, in their order. */
  advance(ms: number): void
  /** Sets the wall clock, in UNIX nanoseconds, without calling timers: a clock that jumps. */
  set(now: bigint): void
}

/** A clock that stands at `start` (UNIX nanoseconds, or a Date; default 2026-01-01) until moved. */
export function manualClock(start: bigint | Date = new Date('2026-01-01')): ManualClock {
  let now = typeof start === 'bigint' ? start : BigInt(start.getTime()) * 1_000_000n
  let timers: { at: number; callback: () => void }[] = []
  let elapsedMs = 0
  return {
    now: () => now,
    set(time) {
      now = time
    },
    setTimer(callback, delayMs) {
      const timer = { at: elapsedMs + delayMs, callback }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance(ms) {
      const until = elapsedMs + ms
      for (;;) {
        const due = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
        if (due === undefined) break
        timers = timers.filter((timer) => timer !== due)
        now += BigInt(due.at - elapsedMs) * 1_000_000n
        elapsedMs = due.at
        due.callback()
      }
      now += BigInt(until - elapsedMs) * 1_000_000n
      elapsedMs = until
    },
  }
}
