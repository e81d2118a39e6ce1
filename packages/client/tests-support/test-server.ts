/** A server in this process, on a real socket, for tests of the client. */
import { setMaxListeners } from 'node:events'
import { type Clock, EventLog, type EventLogOptions, systemClock } from '@goethe/core'
import { MemoryLevel } from 'memory-level'
import { Admission } from '../../server/src/admission.js'
import { defaultConfig } from '../../server/src/config.js'
import type { PortTls } from '../../server/src/grpc/grpc-listener.js'
import { startGrpc } from '../../server/src/grpc/grpc-server.js'
import { everybody } from '../../server/src/identity.js'
import { createLogger } from '../../server/src/log-writer.js'
import { Metrics } from '../../server/src/metrics.js'
import type { Listener, ServerContext } from '../../server/src/server-context.js'
import { Tracing } from '../../server/src/tracing.js'

export interface TestServerOptions {
  /** Settings by their flags, such as `eventBytesMax`. */
  flags?: Record<string, unknown>
  /** What is different from an ordinary server. */
  context?: Partial<ServerContext>
  /** Default: plain text. */
  tls?: PortTls
}

/** A log and the gRPC services on it; `stop` leaves the log open. */
export class TestServer {
  readonly log: EventLog
  readonly port: number
  readonly address: string
  readonly #listener: Listener
  readonly #stopping: AbortController

  private constructor(log: EventLog, listener: Listener, stopping: AbortController) {
    this.log = log
    this.#listener = listener
    this.#stopping = stopping
    this.port = listener.address.port
    this.address = `goethe://127.0.0.1:${this.port}`
  }

  static async start(
    log: EventLog,
    { flags = {}, context: changes = {}, tls }: TestServerOptions = {},
    clock: Clock = systemClock(),
  ): Promise<TestServer> {
    const stopping = new AbortController()
    setMaxListeners(0, stopping.signal)
    const config = defaultConfig({ grpcPort: 0, ...flags } as never)
    const context: ServerContext = {
      config,
      clock,
      logger: createLogger({ level: 'silent', format: 'json' }),
      metrics: new Metrics(),
      tracing: new Tracing(),
      admission: new Admission(config.limits, clock),
      identify: () => Promise.resolve(everybody),
      logFor: () => log,
      storeState: () => ({ type: 'open' }),
      stopping: stopping.signal,
      ...changes,
    }
    return new TestServer(log, await startGrpc(context, { tls }), stopping)
  }

  async stop(deadlineMs = 1000): Promise<void> {
    this.#stopping.abort()
    await this.#listener.stop(deadlineMs)
  }
}

export function memoryLog(options?: EventLogOptions): Promise<EventLog> {
  return EventLog.open(new MemoryLevel(), options)
}
