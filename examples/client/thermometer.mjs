import { setTimeout as pause } from 'node:timers/promises'

/** The topic of the readings. */
export const temperatures = 'temperatures'

/**
 * Appends a reading now and then, until the signal fires. It knows nothing of connections: while
 * the server is away, `append` waits, and repeats safely what was under way.
 *
 * @param {import('@goethe/core').EventLogApi} log
 * @param {number} everyMs
 * @param {AbortSignal} signal
 */
export async function measure(log, everyMs, signal) {
  const encoder = new TextEncoder()
  for (let count = 0; !signal.aborted; count++) {
    const celsius = Math.round((20 + 5 * Math.sin(count / 10)) * 10) / 10
    await log.append(temperatures, encoder.encode(JSON.stringify({ celsius })))
    await pause(everyMs, undefined, { signal }).catch(() => undefined)
  }
}
