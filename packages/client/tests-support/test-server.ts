/** A server in this process, on a real socket, for tests of the client. */
import { type Clock, EventLog, type EventLogOptions, systemClock } from '@goethe/core'
import { MemoryLevel } from 'memory-level'
import { Admission } from '../../server/src/admission.js'
import { defaultConfig } from '../../server/src/config.js'
import { startGrpc } from '../../server/src/grpc/grpc-server.js'
import { everybody } from '../../server/src/identity.js'
import { createLogger } from '../../server/src/log-writer.js'
import { Metrics } from '../../server/src/metrics.js'
import type { Listener, ServerContext } from '../../server/src/server-context.js'
import { Tracing } from '../../server/src/tracing.js'

/** A log and the gRPC services on it; `stop` leaves the log open. */
export class TestServer {
  readonly log: EventLog
  readonly address: string
  readonly #listener: Listener
  readonly #stopping: AbortController

  private constructor(log: EventLog, listener: Listener, stopping: AbortController) {
    this.log = log
    this.#listener = listener
    this.#stopping = stopping
    this.address = `goethe://127.0.0.1:${listener.address.port}`
  }

  static async start(log: EventLog, flags: object = {}, clock?: Clock): Promise<TestServer> {
    const stopping = new AbortController()
    const config = defaultConfig({ grpcPort: 0, ...flags } as never)
    const used = clock ?? systemClock()
    const context: ServerContext = {
      config,
      clock: used,
      logger: createLogger({ level: 'silent', format: 'json' }),
      metrics: new Metrics(),
      tracing: new Tracing(),
      admission: new Admission(config.limits, used),
      identify: () => Promise.resolve(everybody),
      logFor: () => log,
      storeState: () => ({ type: 'open' }),
      stopping: stopping.signal,
    }
    return new TestServer(log, await startGrpc(context), stopping)
  }

  async stop(deadlineMs = 1000): Promise<void> {
    this.#stopping.abort()
    await this.#listener.stop(deadlineMs)
  }
}

export function memoryLog(options?: EventLogOptions): Promise<EventLog> {
  return EventLog.open(new MemoryLevel(), options)
}
