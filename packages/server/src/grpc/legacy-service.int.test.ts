import { type Client, type ClientDuplexStream, credentials, status } from '@grpc/grpc-js'
import { beforeEach, describe, expect, test } from 'vitest'
import { authorized } from '../auth/authorized-log.js'
import type { Right } from '../identity.js'
import { Conversation } from '../../tests-support/conversation.js'
import { type GrpcTestServer, startGrpcTestServer } from '../../tests-support/grpc-test-server.js'
import { loadProto } from '../../tests-support/proto-loader.js'

/** What the original's clients were made from. */
const original = `
  syntax = "proto3";
  package io.typusomega.goethe;

  service Goethe {
    rpc Produce(Event) returns (Event) {}
    rpc Consume(stream Cursor) returns (stream Cursor) {}
  }
  message Cursor {
    Topic topic = 1;
    string consumer = 2;
    Event current_event = 3;
  }
  message Event {
    string id = 1;
    Topic topic = 2;
    bytes payload = 3;
  }
  message Topic {
    string id = 1;
  }`

interface LegacyEvent {
  id?: string
  topic?: { id: string } | null
  payload?: Buffer
}

interface LegacyCursor {
  topic?: { id: string } | null
  consumer?: string
  current_event?: LegacyEvent | null
}

interface LegacyClient extends Client {
  Produce(event: LegacyEvent, callback: (error: Failure | null, event: LegacyEvent) => void): void
  Consume(): ClientDuplexStream<LegacyCursor, LegacyCursor>
}

type Failure = Error & { code: number; details: string }

const { Goethe } = (loadProto(original) as never as { io: { typusomega: { goethe: Services } } }).io
  .typusomega.goethe

interface Services {
  Goethe: new (address: string, secret: typeof insecure) => LegacyClient
}

const insecure = credentials.createInsecure()

/** A stream as the original's clients use it: each cursor is answered before the next one. */
function converse(client: LegacyClient): Conversation<LegacyCursor, LegacyCursor> {
  return new Conversation(client.Consume())
}

describe('a client of the original Goethe', () => {
  let server: GrpcTestServer
  let client: LegacyClient

  beforeEach(async () => {
    server = await startGrpcTestServer()
    client = new Goethe(server.address, insecure)
    return async () => {
      client.close()
      await server[Symbol.asyncDispose]()
    }
  })

  const produce = (event: LegacyEvent): Promise<LegacyEvent> =>
    new Promise((resolve, reject) => {
      client.Produce(event, (error, answer) => (error === null ? resolve(answer) : reject(error)))
    })
  const produceAll = async (...texts: string[]): Promise<string[]> => {
    const ids: string[] = []
    for (const text of texts) {
      const { id } = await produce({ topic: { id: 'plays' }, payload: Buffer.from(text) })
      ids.push(id ?? '')
    }
    return ids
  }
  const reader: LegacyCursor = { topic: { id: 'plays' }, consumer: 'reader' }
  const readerAt = (id: string): LegacyCursor => ({
    ...reader,
    current_event: { id, topic: { id: 'plays' } },
  })
  const textOf = (cursor: LegacyCursor): string => String(cursor.current_event?.payload)
  /** Reads to the end of the topic, as the original's `ConsumeBlocking` does. */
  const consumeAll = async (start: LegacyCursor): Promise<string[]> => {
    const conversation = converse(client)
    const texts: string[] = []
    let cursor = start
    try {
      for (;;) {
        cursor = await conversation.ask(cursor)
        texts.push(textOf(cursor))
      }
    } catch (error) {
      expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED })
    }
    return texts
  }

  test('gets the event back with its id, which is the log’s own', async () => {
    const payload = Buffer.from('Faust')
    const event = await produce({ id: '7', topic: { id: 'plays' }, payload })
    const [stored] = await server.log.read('plays').toArray()
    expect(event).toEqual({ id: String(stored?.id), topic: { id: 'plays' }, payload })
    expect(stored?.text()).toBe('Faust')
  })

  test('consumes what was produced, in order', async () => {
    await produceAll('Faust', 'Egmont', 'Tasso')
    expect(await consumeAll(reader)).toEqual(['Faust', 'Egmont', 'Tasso'])
  })

  test('gets cursors with all that it needs to send them back', async () => {
    const [id] = await produceAll('Faust')
    const answer = await converse(client).ask(reader)
    expect(answer).toEqual({
      topic: { id: 'plays' },
      consumer: 'reader',
      current_event: { id, topic: { id: 'plays' }, payload: Buffer.from('Faust') },
    })
  })

  test('may send an event without an id where it has none', async () => {
    await produceAll('Faust')
    expect(await consumeAll(readerAt(''))).toEqual(['Faust'])
  })

  test('polls at the end, and gets what came since', async () => {
    expect(await consumeAll(reader)).toEqual([])
    await produceAll('Faust')
    expect(await consumeAll(reader)).toEqual(['Faust'])
    expect(await consumeAll(reader)).toEqual([])
    await produceAll('Egmont', 'Tasso')
    expect(await consumeAll(reader)).toEqual(['Egmont', 'Tasso'])
  })

  test('writes nothing by polling', async () => {
    await consumeAll(reader)
    expect(await server.log.cursors()).toEqual([])
    await produceAll('Faust')
    await consumeAll(reader)
    const [before] = await server.log.cursors()
    await consumeAll(reader)
    expect(await server.log.cursors()).toEqual([before])
  })

  test('gets what is produced while it handles the event before', async () => {
    await produceAll('Faust')
    const conversation = converse(client)
    const first = await conversation.ask(reader)
    await produceAll('Egmont')
    const second = await conversation.ask(first)
    expect(textOf(second)).toBe('Egmont')
    await conversation.end()
  })

  test('goes on behind what it committed when it comes back', async () => {
    await produceAll('Faust', 'Egmont', 'Tasso')
    const broken = converse(client)
    await broken.ask(await broken.ask(reader))
    broken.break()
    // Egmont was sent and not committed.
    expect(await consumeAll(reader)).toEqual(['Egmont', 'Tasso'])
  })

  test('that ends its stream has not committed the last event', async () => {
    await produceAll('Faust')
    const conversation = converse(client)
    await conversation.ask(reader)
    await conversation.end()
    expect(await server.log.cursor('plays', 'reader').position()).toBeUndefined()
  })

  test('starts at an event that it names, also behind its own position', async () => {
    const [, id = ''] = await produceAll('Faust', 'Egmont', 'Tasso')
    expect(await consumeAll(reader)).toHaveLength(3)
    expect(await consumeAll(readerAt(id))).toEqual(['Egmont', 'Tasso'])
  })

  test('starts at the nearest event after an id that there is not', async () => {
    const [, id = ''] = await produceAll('Faust', 'Egmont', 'Tasso')
    expect(await consumeAll(readerAt(String(BigInt(id) - 1n)))).toEqual(['Egmont', 'Tasso'])
    expect(await consumeAll(readerAt('0'))).toEqual(['Faust', 'Egmont', 'Tasso'])
  })

  test('is at the end where it names an id behind all events, or in no topic', async () => {
    const [id = ''] = await produceAll('Faust')
    expect(await consumeAll(readerAt(String(BigInt(id) + 1n)))).toEqual([])
    expect(await consumeAll({ ...readerAt(id), topic: { id: 'none' } })).toEqual([])
  })

  test('may skip events by committing a later one', async () => {
    const [, , id = ''] = await produceAll('Faust', 'Egmont', 'Tasso', 'Stella')
    const conversation = converse(client)
    await conversation.ask(reader)
    expect(textOf(await conversation.ask(readerAt(id)))).toBe('Stella')
    await conversation.end()
  })

  test('cannot commit what is no event', async () => {
    const [id = ''] = await produceAll('Faust', 'Egmont')
    const conversation = converse(client)
    await conversation.ask(reader)
    await expect(conversation.ask(readerAt(String(BigInt(id) - 5n)))).rejects.toMatchObject({
      code: status.NOT_FOUND,
    })
  })

  test('loses the cursor to whoever opens it later', async () => {
    await produceAll('Faust', 'Egmont')
    const first = converse(client)
    const cursor = await first.ask(reader)
    expect(textOf(await converse(client).ask(reader))).toBe('Faust')
    await expect(first.ask(cursor)).rejects.toMatchObject({ code: status.FAILED_PRECONDITION })
  })

  test.each<[string, LegacyEvent]>([
    ['no topic', { payload: Buffer.from('Faust') }],
    ['an empty topic', { topic: { id: '' }, payload: Buffer.from('Faust') }],
    ['an impossible topic', { topic: { id: 'a:b' }, payload: Buffer.from('Faust') }],
    ['no payload', { topic: { id: 'plays' } }],
  ])('cannot produce with %s', async (_, event) => {
    await expect(produce(event)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT })
  })

  test.each<[string, LegacyCursor]>([
    ['no topic', { consumer: 'reader' }],
    ['an empty topic', { ...reader, topic: { id: '' } }],
    ['no consumer', { topic: { id: 'plays' } }],
    ['an id that is no number', readerAt('faust')],
    ['a negative id', readerAt('-1')],
    ['an id that is too large', readerAt('18446744073709551615')],
    ['an id of very many digits', readerAt('1'.repeat(1000))],
  ])('cannot consume with %s', async (_, cursor) => {
    await expect(converse(client).ask(cursor)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    })
  })

  test.each<[string, LegacyCursor]>([
    ['without the event to commit', reader],
    ['of another consumer', { ...reader, consumer: 'other' }],
    ['of another topic', { ...reader, topic: { id: 'other' } }],
    ['with a malformed id', readerAt('x')],
  ])('cannot go on with a cursor %s', async (_, cursor) => {
    await produceAll('Faust')
    const conversation = converse(client)
    await conversation.ask(reader)
    await expect(conversation.ask(cursor)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT })
  })

  test('appends and consumes with the rights for that, and no others', async () => {
    let rights: readonly Right[] = ['append']
    await using limited: GrpcTestServer = await startGrpcTestServer({
      context: {
        logFor: () => authorized(limited.log, { name: 'some', grants: [{ topics: '*', rights }] }),
      },
    })
    client.close()
    client = new Goethe(limited.address, insecure)
    await produceAll('Faust', 'Egmont')
    const denied = { code: status.PERMISSION_DENIED }
    await expect(converse(client).ask(reader)).rejects.toMatchObject(denied)
    rights = ['consume']
    const conversation = converse(client)
    expect(textOf(await conversation.ask(await conversation.ask(reader)))).toBe('Egmont')
    await conversation.end()
    await expect(produceAll('Tasso')).rejects.toMatchObject(denied)
  })

  test('is told to come back when the server stops', async () => {
    await produceAll('Faust')
    const conversation = converse(client)
    const cursor = await conversation.ask(reader)
    const stopped = server.stop()
    await expect(conversation.ask(cursor)).rejects.toMatchObject({ code: status.UNAVAILABLE })
    await stopped
  })
})

test('without the setting there is no such service', async () => {
  await using server = await startGrpcTestServer({ flags: { legacy: false } })
  const client = new Goethe(server.address, insecure)
  await expect(converse(client).ask({ consumer: 'reader' })).rejects.toMatchObject({
    code: status.UNIMPLEMENTED,
  })
  client.close()
})
