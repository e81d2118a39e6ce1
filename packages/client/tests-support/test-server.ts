/** A server in this process, on a real socket, for tests of the client. */
import { setMaxListeners } from 'node:events'
import { type Clock, EventLog, type EventLogOptions, systemClock } from '@goethe/core'
import { MemoryLevel } from 'memory-level'
import type { PortTls } from '../../server/src/grpc/grpc-listener.js'
import { startGrpc } from '../../server/src/grpc/grpc-server.js'
import type { Listener } from '../../server/src/server-context.js'
import { type TestContextOptions, testContext } from '../../server/tests-support/test-context.js'

export interface TestServerOptions extends Omit<TestContextOptions, 'clock'> {
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
    { tls, ...options }: TestServerOptions = {},
    clock: Clock = systemClock(),
  ): Promise<TestServer> {
    const stopping = new AbortController()
    setMaxListeners(0, stopping.signal)
    const context = testContext(log, stopping.signal, { ...options, clock })
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
