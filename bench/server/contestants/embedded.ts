import type { ServerKind } from '../event-server'
import { logClient } from '../log-client'

/** No server: the log in the process of its user, on classic-level. What a server costs shows. */
export const embedded: ServerKind = {
  name: 'embedded log',
  async start(directory, durability) {
    const { openLog } = await import('../../src/stores/goethe')
    const { log, close } = await openLog(directory, durability)
    return {
      port: 0,
      processId: process.pid,
      connect: () => Promise.resolve(logClient(log, () => Promise.resolve())),
      close,
    }
  },
}
