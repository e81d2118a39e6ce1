import { peerModule } from '../../src/stores/peer-module'
import { Acknowledgements } from '../acknowledgements'
import { type EventClient, pageSize, type See, type ServerKind } from '../event-server'
import { field, group, startRedis, stream } from './redis-server'

/** What is used of ioredis; replies as bytes, since payloads are bytes. */
interface Redis {
  xadd(key: string, id: string, field: string, value: Buffer): Promise<unknown>
  xlen(key: string): Promise<number>
  xack(key: string, group: string, id: Buffer): Promise<number>
  xgroup(...args: string[]): Promise<unknown>
  xreadBuffer(...args: (string | number | Buffer)[]): Promise<Reply>
  xreadgroupBuffer(...args: (string | number)[]): Promise<Reply>
  pipeline(): Pipeline
  disconnect(): void
}

interface Pipeline {
  xadd(key: string, id: string, field: string, value: Buffer): Pipeline
  exec(): Promise<[Error | null, unknown][]>
}

/** Entries are an id, and fields with values in turn. */
type Reply = [key: Buffer, entries: [id: Buffer, fields: Buffer[]][]][] | null

/** Redis Streams by ioredis, which gathers what is sent in one turn of the event loop. */
export const ioredis: ServerKind = {
  name: 'Redis by ioredis',
  start: (directory, durability) => startRedis(directory, durability, connect),
}

function connect(port: number): Promise<EventClient> {
  const { Redis } = peerModule<{ Redis: new (options: object) => Redis }>('ioredis')
  const redis = new Redis({ port, host: '127.0.0.1', enableAutoPipelining: true })
  return Promise.resolve({
    append: (payload) => redis.xadd(stream, '*', field, payload),
    appendBatch: (payloads) => appendBatch(redis, payloads),
    read: (count, see) => read(redis, count, see),
    follow: (see) => read(redis, Infinity, see, ['BLOCK', 0]) as Promise<never>,
    consume: (count, see) => consume(redis, count, see),
    count: () => redis.xlen(stream),
    close: () => Promise.resolve(redis.disconnect()),
  })
}

async function appendBatch(redis: Redis, payloads: readonly Buffer[]) {
  const pipeline = redis.pipeline()
  for (const payload of payloads) pipeline.xadd(stream, '*', field, payload)
  for (const [error] of await pipeline.exec()) if (error !== null) throw error
}

async function read(redis: Redis, count: number, see: See, block: (string | number)[] = []) {
  let last: string | Buffer = '0'
  for (let seen = 0; seen < count;) {
    const reply = await redis.xreadBuffer('COUNT', pageSize, ...block, 'STREAMS', stream, last)
    const entries = reply![0]![1]
    for (const [, fields] of entries) see(fields[1]!)
    seen += entries.length
    last = entries.at(-1)![0]
  }
}

async function consume(redis: Redis, count: number, see: See) {
  await redis.xgroup('CREATE', stream, group, '0')
  const acknowledgements = new Acknowledgements()
  const args = ['GROUP', group, 'consumer', 'COUNT', pageSize, 'STREAMS', stream, '>'] as const
  for (let seen = 0; seen < count;) {
    const reply = await redis.xreadgroupBuffer(...args)
    const entries = reply![0]![1]
    for (const [id, fields] of entries) {
      see(fields[1]!)
      acknowledgements.add(redis.xack(stream, group, id))
    }
    seen += entries.length
  }
  await acknowledgements.drained()
}
