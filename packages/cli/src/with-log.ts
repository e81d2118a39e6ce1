import type { EventLog } from '@goethe/core'
import { openStore } from '@goethe/server'

/** Opens the log for a command and closes it afterwards, whatever happens. */
export async function withLog(
  directory: string,
  options: { create: boolean },
  work: (log: EventLog) => Promise<void>,
): Promise<void> {
  const log = await openStore(directory, options)
  try {
    await work(log)
  } finally {
    await log.close()
  }
}
