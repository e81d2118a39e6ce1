import type { GoetheError } from '@goethe/core'
import { backoffMs as boundedBackoffMs } from '@goethe/core/contract'

/** How long a client waits before the next try, when nobody has said for how long. */
export function backoffMs(failures: number, random: () => number): number {
  return boundedBackoffMs(failures, random, maxMs)
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

const maxMs = 2000
const leaderMaxMs = 200
