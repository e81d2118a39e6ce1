import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { field, startRedisServer, stream } from '../../server/contestants/redis-server'
import type { EventClient, ServerKind } from '../../server/event-server'
import { freePort } from '../../server/server-process'
import { peerModule } from '../../src/stores/peer-module'

const replicas = 2

/** What is used of ioredis. */
interface Redis {
  pipeline(): Pipeline
  xlen(key: string): Promise<number>
  info(section: string): Promise<string>
  disconnect(): void
}

interface Pipeline {
  xadd(key: string, id: string, field: string, value: Buffer): Pipeline
  call(command: string, ...args: string[]): Pipeline
  exec(): Promise<[Error | null, unknown][]>
}

/**
 * A primary with two replicas. `WAIT` keeps its connection until both have acknowledged what came
 * before, which they do once it is on their disk (`appendfsync always`). So what is appended while
 * it waits goes behind the next one, all in one pipeline.
 */
export const redisReplicas: ServerKind = {
  name: 'Redis, two replicas, WAIT 2',
  async start(directory, durability) {
    const ports = await Promise.all(Array.from({ length: 1 + replicas }, freePort))
    const primary = ports[0]!
    const servers = await Promise.all(
      ports.map(async (port) => {
        const own = join(directory, `redis-${port}`)
        await mkdir(own)
        // Else a replica waits for more replicas to come before it gets its first copy.
        const first = ['--repl-diskless-sync-delay', '0']
        const more = port === primary ? first : ['--replicaof', '127.0.0.1', String(primary)]
        return startRedisServer(own, port, durability, more)
      }),
    )
    return {
      port: primary,
      processId: servers[0]!.id,
      connect: () => connect(primary),
      close: () => Promise.all(servers.map(({ stop }) => stop())),
    }
  },
}

async function connect(port: number): Promise<EventClient> {
  const { Redis } = peerModule<{ Redis: new (options: object) => Redis }>('ioredis')
  const redis = new Redis({ port, host: '127.0.0.1' })
  await replicasAreOnline(redis)
  const groups = new Groups(redis)
  return {
    append: (payload) => groups.append([payload]),
    appendBatch: (payloads) => groups.append(payloads),
    read: unsupported,
    follow: unsupported,
    consume: unsupported,
    count: () => redis.xlen(stream),
    close: () => Promise.resolve(redis.disconnect()),
  }
}

/** What is appended while a pipeline is under way goes into the next one. */
class Groups {
  readonly #redis: Redis
  #payloads: Buffer[] = []
  #next: Promise<void> | undefined
  #underWay: Promise<unknown> = Promise.resolve()

  constructor(redis: Redis) {
    this.#redis = redis
  }

  append(payloads: readonly Buffer[]): Promise<void> {
    for (const payload of payloads) this.#payloads.push(payload)
    if (this.#next === undefined) {
      const next = this.#underWay.then(() => this.#send())
      this.#next = next
      this.#underWay = next
    }
    return this.#next
  }

  async #send(): Promise<void> {
    const pipeline = this.#redis.pipeline()
    for (const payload of this.#payloads) pipeline.xadd(stream, '*', field, payload)
    this.#payloads = []
    this.#next = undefined
    pipeline.call('WAIT', String(replicas), '0')
    const results = await pipeline.exec()
    for (const [error] of results) if (error !== null) throw error
    const acknowledged = results.at(-1)![1] as number
    if (acknowledged < replicas) throw new Error(`Only ${acknowledged} replicas acknowledged`)
  }
}

async function replicasAreOnline(redis: Redis): Promise<void> {
  const online = async () => (await redis.info('replication')).match(/state=online/g)?.length ?? 0
  while ((await online()) < replicas) await delay(50)
}

function unsupported(): Promise<never> {
  return Promise.reject(new Error('The replicas are only appended to'))
}
