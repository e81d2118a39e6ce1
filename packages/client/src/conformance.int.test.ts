import { EventLog, type EventLogOptions } from '@goethe/core'
import { type OpenOptions, type OpenedLog, eventLogConformance } from '@goethe/core/conformance'
import { MemoryLevel } from 'memory-level'
import { describe, it } from 'vitest'
import { TestServer } from '../tests-support/test-server.js'
import { connect } from './index.js'

eventLogConformance({
  name: 'a log on a server',
  describe,
  it,
  traits: ['clock', 'reopen'],
  open: (options) => openOn(new MemoryLevel(), options),
})

/** The log on a real socket; what is closed with the client is the client, and the rest is removed. */
async function openOn(level: MemoryLevel, options: OpenOptions): Promise<OpenedLog> {
  const log = await EventLog.open(level, options as EventLogOptions)
  const server = await TestServer.start(log, {}, options.clock)
  const remove = async (): Promise<void> => {
    await server.stop()
    await log.close()
  }
  return {
    log: connect(server.address),
    remove,
    reopen: async (again) => {
      await remove()
      return openOn(level, again)
    },
  }
}
