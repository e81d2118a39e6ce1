import { type Clock, systemClock } from '@goethe/core'

/** A clock whose timers take a twentieth of their time: what waits to be patient does not. */
export function hastyClock(factor = 20): Clock {
  const clock = systemClock()
  return {
    now: () => clock.now(),
    setTimer: (callback, delayMs, kind) => clock.setTimer(callback, delayMs / factor, kind),
  }
}
