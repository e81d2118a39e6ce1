import { temperatures } from './thermometer.mjs'

/**
 * Shows each reading once: the cursor remembers under a name how far it came, also for the next
 * start. Rejects with GOETHE_ABORTED when the signal fires.
 *
 * @param {import('@goethe/core').EventLogApi} log
 * @param {(line: string) => void} show
 * @param {AbortSignal} signal
 */
export async function display(log, show, signal) {
  const cursor = log.cursor(temperatures, 'display')
  const position = await cursor.position()
  if (position !== undefined) {
    show(`going on behind #${position.sequence}, ${await cursor.lag()} readings to go`)
  }
  // What is there, then what comes; goes on where it was when the connection was lost.
  for await (const event of cursor.read({ follow: true, signal })) {
    const { celsius } = /** @type {{ celsius: number }} */ (event.json())
    show(`#${event.sequence} ${event.time.toISOString()} ${celsius} °C`)
    await cursor.commit(event)
  }
}
