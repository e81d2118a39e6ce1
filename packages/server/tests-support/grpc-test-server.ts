/** The gRPC services on a real store and a real socket, for tests. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EventLog } from '@goethe/core'
import { startGrpc } from '../src/grpc/grpc-server.js'
import { openStore } from '../src/open-store.js'
import type { ServerContext } from '../src/server-context.js'
import { type TestContextOptions, testContext } from './test-context.js'

export interface GrpcTestServer extends AsyncDisposable {
  readonly log: EventLog
  /** `host:port` */
  readonly address: string
  readonly context: ServerContext
  /** Stops as a server does; the log stays open until the test server is disposed of. */
  stop(deadlineMs?: number): Promise<void>
}

/** A server that everybody may do everything with. */
export async function startGrpcTestServer(
  options: TestContextOptions = {},
): Promise<GrpcTestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'goethe-grpc-'))
  const log = await openStore(folder, { durability: 'os' })
  const stopping = new AbortController()
  const context = testContext(log, stopping.signal, options)
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
