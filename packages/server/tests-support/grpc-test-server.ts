/** The gRPC services on a real store and a real socket, for tests. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, type EventLog, systemClock } from '@goethe/core'
import { Admission } from '../src/admission.js'
import { defaultConfig } from '../src/config.js'
import { startGrpc } from '../src/grpc/grpc-server.js'
import { everybody } from '../src/identity.js'
import { createLogger } from '../src/log-writer.js'
import { Metrics } from '../src/metrics.js'
import { openStore } from '../src/open-store.js'
import type { ServerContext } from '../src/server-context.js'
import { Tracing } from '../src/tracing.js'

export interface GrpcTestServer extends AsyncDisposable {
  readonly log: EventLog
  /** `host:port` */
  readonly address: string
  readonly context: ServerContext
  /** Stops as a server does; the log stays open until the test server is disposed of. */
  stop(deadlineMs?: number): Promise<void>
}

export interface GrpcTestServerOptions {
  /** Settings by their flags, such as `legacy`. */
  flags?: Record<string, unknown>
  /** What is different from an ordinary server. */
  context?: Partial<ServerContext>
  clock?: Clock
}

/** A server that everybody may do everything with. */
export async function startGrpcTestServer({
  flags = {},
  context: changes = {},
  clock = systemClock(),
}: GrpcTestServerOptions = {}): Promise<GrpcTestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'goethe-grpc-'))
  const log = await openStore(folder, { durability: 'os' })
  const config = defaultConfig({ grpcPort: 0, ...flags })
  const stopping = new AbortController()
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
  const listener = await startGrpc(context)
  const stop = async (deadlineMs = 10_000): Promise<void> => {
    stopping.abort()
    await listener.stop(deadlineMs)
  }
  return {
    log,
    context,
    address: `127.0.0.1:${listener.address.port}`,
    stop,
    async [Symbol.asyncDispose]() {
      await stop(0)
      await log.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
