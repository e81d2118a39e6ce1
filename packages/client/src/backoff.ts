import type { GoetheError } from '@goethe/core'

/**
 * How long to wait before the next try: twice as long each time, and at random within that, so that
 * clients that lost the same server do not all come back at once ("full jitter", Brooker,
 * "Exponential Backoff And Jitter", AWS 2015).
 */
export function backoffMs(failures: number, random: () => number): number {
  const ceiling = Math.min(firstMs * 2 ** Math.min(failures, 20), maxMs)
  return ceiling * (0.5 + random() / 2)
}

/** How long to wait before the next try of what ended with this error. */
export function retryDelayMs(
  { code, details }: GoetheError,
  failures: number,
  random: () => number,
): number {
  if (details.retryDelayMs !== undefined) return details.retryDelayMs
  const delayMs = backoffMs(failures, random)
  // Who answers so is well, and about to know another leader: it costs more to come late.
  return code === 'GOETHE_NOT_LEADER' ? Math.min(delayMs, leaderMaxMs) : delayMs
}

const firstMs = 50
const maxMs = 2000
const leaderMaxMs = 200
