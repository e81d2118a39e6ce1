import type { Durability } from '../../src/durability'
import type { EventClient, EventServer } from '../event-server'
import { freePort, type ServerProcess, startServer } from '../server-process'

export const stream = 'orders'
export const group = 'bench'
/** The field of an entry that has the payload: as short as can be. */
export const field = 'p'

const appendFsync: Record<Durability, string> = { os: 'everysec', fsync: 'always' }

/** Redis with an append-only file, and no snapshots beside it. */
export async function startRedis(
  directory: string,
  durability: Durability,
  connect: (port: number) => Promise<EventClient>,
): Promise<EventServer> {
  const port = await freePort()
  const server = await startRedisServer(directory, port, durability)
  return { port, processId: server.id, connect: () => connect(port), close: server.stop }
}

export function startRedisServer(
  directory: string,
  port: number,
  durability: Durability,
  more: readonly string[] = [],
): Promise<ServerProcess> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '']
  const appendOnly = ['--appendonly', 'yes', '--appendfsync', appendFsync[durability]]
  return startServer('redis-server', [...args, ...appendOnly, ...more], port)
}
