import { type Clock, systemClock } from '@goethe/core'

/** A clock whose timers take a twentieth of their time: what waits to be patient does not. */
export function hastyClock(factor = 20): Clock {
  const clock = systemClock()
  return {
    now: () => clock.now(),
    setTimer: (callback, delayMs, kind) => clock.setTimer(callback, delayMs / factor, kind),
  }
}

export interface SkippingClock extends Clock {
  /** From now on it is so much later. */
  skip(ms: number): void
}

/**
 * A hasty clock that goes on by itself, and further when it is told to: deadlines that no machine is
 * too slow for are over at once where a test wants that.
 */
export function skippingClock(): SkippingClock {
  const clock = hastyClock()
  let skippedMs = 0
  return {
    ...clock,
    now: () => clock.now() + BigInt(skippedMs) * 1_000_000n,
    skip(ms) {
      skippedMs += ms
    },
  }
}
