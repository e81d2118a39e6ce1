import { fileURLToPath } from 'node:url'
import type { Durability } from '../../src/durability'
import type { EventServer, ServerKind } from '../event-server'
import { logClient, type LogClientOptions } from '../log-client'
import { freePort, startNode } from '../server-process'

/** The command line, as seen from bench/dist. */
export const goetheCommand = fileURLToPath(
  new URL('../../packages/cli/dist/main.js', import.meta.url),
)

/** `goethe serve` and the client package, both as they are built. */
export const goethe: ServerKind = {
  name: 'Goethe',
  start: (directory, durability) => start(directory, durability),
}

/** The same, read in arrays. */
export const goetheInArrays: ServerKind = {
  name: 'Goethe, in arrays',
  start: (directory, durability) => start(directory, durability, { inArrays: true }),
}

async function start(
  directory: string,
  durability: Durability,
  options?: LogClientOptions,
): Promise<EventServer> {
  const { connect } = await import('@goethe/client')
  const port = await freePort()
  const ports = ['--grpc-port', String(port), '--http-port', '0']
  const args = ['serve', '--data', directory, '--durability', durability, ...ports]
  const server = await startNode(goetheCommand, args, port)
  return {
    port,
    processId: server.id,
    connect() {
      const log = connect(`goethe://127.0.0.1:${port}`)
      return Promise.resolve(logClient(log, () => log.close(), options))
    },
    close: server.stop,
  }
}
