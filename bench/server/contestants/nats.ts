import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Durability } from '../../src/durability'
import { peerModule } from '../../src/stores/peer-module'
import { type EventClient, pageSize, type See, type ServerKind } from '../event-server'
import { natsServerPath } from '../nats-server'
import { freePort, startServer } from '../server-process'

const subject = 'orders'
const durable = 'bench'
/** With 1,000 in flight and a disk that is slow, an answer may take longer than usual. */
const timeout = 60_000

/** What is used of the clients of NATS. */
interface Connection {
  close(): Promise<void>
}

interface Transport {
  connect(options: object): Promise<Connection>
}

interface JetStreamModule {
  jetstream(connection: Connection, options: object): JetStream
  jetstreamManager(connection: Connection): Promise<Manager>
}

interface JetStream {
  publish(subject: string, payload: Uint8Array, options: object): Promise<unknown>
  consumers: { get(stream: string, name?: string | object): Promise<Consumer> }
}

interface Manager {
  streams: {
    add(config: object): Promise<unknown>
    info(name: string): Promise<{ state: { messages: number } }>
  }
  consumers: { add(stream: string, config: object): Promise<unknown> }
}

interface Consumer {
  consume(options: object): Promise<AsyncIterable<Message>>
  fetch(options: object): Promise<AsyncIterable<Message>>
  info(): Promise<{ num_pending: number; num_ack_pending: number }>
}

interface Message {
  data: Uint8Array
  ack(): void
}

type Read = (jetstream: JetStream, count: number, see: See) => Promise<void>

/** NATS JetStream, a stream on disk; reads with an ordered consumer. */
export const nats: ServerKind = kind('NATS', readOrdered)

/** The same; reads with `fetch`. */
export const natsFetch: ServerKind = kind('NATS, fetch', readFetched)

function kind(name: string, read: Read): ServerKind {
  return {
    name,
    async start(directory, durability) {
      const port = await freePort()
      const config = await writeNatsConfig(directory, port, durability)
      const server = await startServer(natsServerPath(), ['--config', config], port)
      return {
        port,
        processId: server.id,
        connect: () => connectToNats(port, { read }),
        close: server.stop,
      }
    },
  }
}

/** Resolves with the path of a configuration, in the directory. */
export async function writeNatsConfig(
  directory: string,
  port: number,
  durability: Durability,
  more = '',
): Promise<string> {
  const path = join(directory, 'nats.conf')
  const sync = durability === 'fsync' ? ', sync_interval: always' : ''
  const store = JSON.stringify(join(directory, 'jetstream'))
  const lines = [
    `listen: "127.0.0.1:${port}"`,
    `jetstream: { store_dir: ${store}${sync} }`,
    more,
    '',
  ]
  await writeFile(path, lines.join('\n'))
  return path
}

export interface NatsStreamOptions {
  read?: Read
  /** Of how many servers each keeps all events. */
  replicas?: number
}

/** Makes the stream, if it is not there yet. */
export async function connectToNats(
  port: number,
  { read = readOrdered, replicas = 1 }: NatsStreamOptions = {},
): Promise<EventClient> {
  const transport = peerModule<Transport>('@nats-io/transport-node')
  const { jetstream, jetstreamManager } = peerModule<JetStreamModule>('@nats-io/jetstream')
  const connection = await transport.connect({ servers: `127.0.0.1:${port}` })
  const client = jetstream(connection, { timeout })
  let manager: Manager
  try {
    manager = await jetstreamManager(connection)
    // Adding it again, alike, changes nothing.
    const storage = { storage: 'file', num_replicas: replicas }
    await manager.streams.add({ name: subject, subjects: [subject], ...storage })
  } catch (error) {
    // Who tries again opens another one.
    await connection.close()
    throw error
  }
  const append = (payload: Buffer) => client.publish(subject, payload, { timeout })
  return {
    append,
    appendBatch: (payloads) => Promise.all(payloads.map(append)),
    read: (count, see) => read(client, count, see),
    follow: (see) => readOrdered(client, Infinity, see) as Promise<never>,
    consume: (count, see) => consume(client, manager, count, see),
    count: async () => (await manager.streams.info(subject)).state.messages,
    close: () => connection.close(),
  }
}

async function readOrdered(client: JetStream, count: number, see: See) {
  const consumer = await client.consumers.get(subject)
  let seen = 0
  for await (const { data } of await consumer.consume({ max_messages: pageSize })) {
    see(data)
    if (++seen === count) return
  }
  throw new Error(`The consumer ended after ${seen} events`)
}

async function readFetched(client: JetStream, count: number, see: See) {
  const consumer = await client.consumers.get(subject)
  for (let seen = 0; seen < count;) {
    const missing = Math.min(pageSize, count - seen)
    for await (const { data } of await consumer.fetch({ max_messages: missing })) {
      see(data)
      seen++
    }
  }
}

async function consume(client: JetStream, manager: Manager, count: number, see: See) {
  await manager.consumers.add(subject, {
    durable_name: durable,
    ack_policy: 'explicit',
    max_ack_pending: pageSize,
  })
  const consumer = await client.consumers.get(subject, durable)
  let seen = 0
  for await (const message of await consumer.consume({ max_messages: pageSize })) {
    see(message.data)
    message.ack()
    if (++seen === count) break
  }
  // Acknowledgements are not answered: ask until the server has noted all of them.
  while ((await consumer.info()).num_ack_pending > 0);
}
