import { peerModule } from '../../src/stores/peer-module'
import { Acknowledgements } from '../acknowledgements'
import { type EventClient, pageSize, type See, type ServerKind } from '../event-server'
import { field, group, startRedis, stream } from './redis-server'

interface NodeRedis {
  createClient(options: object): Redis
  RESP_TYPES: { BLOB_STRING: number }
}

/** What is used of node-redis. */
interface Redis {
  on(event: 'error', listener: (error: Error) => void): void
  connect(): Promise<unknown>
  /** Replies as bytes, since payloads are bytes. */
  withTypeMapping(mapping: Record<number, unknown>): Redis
  xAdd(key: string, id: string, message: Record<string, Buffer>): Promise<unknown>
  xLen(key: string): Promise<number>
  xAck(key: string, group: string, id: string | Buffer): Promise<number>
  xGroupCreate(key: string, group: string, id: string): Promise<unknown>
  xRead(stream: { key: string; id: string | Buffer }, options: object): Promise<Reply>
  xReadGroup(
    group: string,
    consumer: string,
    stream: { key: string; id: string },
    options: object,
  ): Promise<Reply>
  destroy(): void
}

type Reply = { messages: { id: string | Buffer; message: Record<string, Buffer> }[] }[] | null

/** Redis Streams by node-redis, which gathers what is sent in one turn of the event loop. */
export const nodeRedis: ServerKind = {
  name: 'Redis by node-redis',
  start: (directory, durability) => startRedis(directory, durability, connect),
}

async function connect(port: number): Promise<EventClient> {
  const { createClient, RESP_TYPES } = peerModule<NodeRedis>('redis')
  const client = createClient({ socket: { port, host: '127.0.0.1' } })
  // What goes wrong rejects a call as well; without a listener it would end the process.
  client.on('error', () => {})
  await client.connect()
  const redis = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  const append = (payload: Buffer) => redis.xAdd(stream, '*', { [field]: payload })
  return {
    append,
    appendBatch: (payloads) => Promise.all(payloads.map(append)),
    read: (count, see) => read(redis, count, see),
    follow: (see) => read(redis, Infinity, see, { BLOCK: 0 }) as Promise<never>,
    consume: (count, see) => consume(redis, count, see),
    count: () => redis.xLen(stream),
    close: () => Promise.resolve(client.destroy()),
  }
}

async function read(redis: Redis, count: number, see: See, block: object = {}) {
  let id: string | Buffer = '0'
  for (let seen = 0; seen < count;) {
    const reply = await redis.xRead({ key: stream, id }, { COUNT: pageSize, ...block })
    const { messages } = reply![0]!
    for (const { message } of messages) see(message[field]!)
    seen += messages.length
    id = messages.at(-1)!.id
  }
}

async function consume(redis: Redis, count: number, see: See) {
  await redis.xGroupCreate(stream, group, '0')
  const acknowledgements = new Acknowledgements()
  const key = { key: stream, id: '>' }
  for (let seen = 0; seen < count;) {
    const reply = await redis.xReadGroup(group, 'consumer', key, { COUNT: pageSize })
    const { messages } = reply![0]!
    for (const { id, message } of messages) {
      see(message[field]!)
      acknowledgements.add(redis.xAck(stream, group, id))
    }
    seen += messages.length
  }
  await acknowledgements.drained()
}
