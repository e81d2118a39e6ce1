import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connectToNats, writeNatsConfig } from '../../server/contestants/nats'
import type { EventClient, ServerKind } from '../../server/event-server'
import { natsServerPath } from '../../server/nats-server'
import { freePort, startServer } from '../../server/server-process'

const members = [0, 1, 2]
const startTimeoutMs = 60_000

/** NATS JetStream with a stream of three replicas, on three servers. */
export const natsCluster: ServerKind = {
  name: 'NATS R3',
  async start(directory, durability) {
    const ports = await Promise.all(members.map(freePort))
    const routePorts = await Promise.all(members.map(freePort))
    const routes = routePorts.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')
    const servers = await Promise.all(
      members.map(async (index) => {
        const own = join(directory, `nats-${index}`)
        await mkdir(own)
        const listen = `listen: "127.0.0.1:${routePorts[index]}"`
        const cluster = `cluster: { name: bench, ${listen}, routes: [${routes}] }`
        const more = `server_name: "nats-${index}"\n${cluster}`
        const config = await writeNatsConfig(own, ports[index]!, durability, more)
        return startServer(natsServerPath(), ['--config', config], ports[index]!)
      }),
    )
    return {
      port: ports[0]!,
      processId: servers[0]!.id,
      connect: () => connectOnceElected(ports[0]!),
      close: () => Promise.all(servers.map(({ stop }) => stop())),
    }
  },
}

/** They take no stream before they have agreed on who leads. */
async function connectOnceElected(port: number): Promise<EventClient> {
  const deadline = performance.now() + startTimeoutMs
  for (;;) {
    try {
      return await connectToNats(port, { replicas: members.length })
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(200)
    }
  }
}
