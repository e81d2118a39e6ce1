// A server on free ports with a new log in a temporary directory, for what the pages show.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Server, readConfig, startServer } from '@goethe/server'

export interface RunningServer extends AsyncDisposable {
  /** As clients write it. */
  readonly address: string
  /** Host and port of HTTP. */
  readonly http: string
  /** An empty directory. */
  readonly directory: string
  readonly server: Server
}

export async function runServer(): Promise<RunningServer> {
  const directory = mkdtempSync(join(tmpdir(), 'goethe-snippet-'))
  const flags = {
    data: join(directory, 'data'),
    'grpc.port': 0,
    'http.port': 0,
    'log.level': 'silent',
    'disk.reserveBytes': 0,
  }
  const server = await startServer(readConfig({ flags }))
  const { grpc, http } = server.addresses
  return {
    address: `goethe://${grpc.host}:${grpc.port}`,
    http: `${http.host}:${http.port}`,
    directory,
    server,
    [Symbol.asyncDispose]: async () => {
      await server.stop({ deadlineMs: 0 })
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
