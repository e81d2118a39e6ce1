import { Client, type ClientDuplexStream, credentials, status } from '@grpc/grpc-js'
import { type Method, create, eventLogMethods, messages } from '@goethe/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { type GrpcTestServer, startGrpcTestServer } from '../../tests-support/grpc-test-server.js'
import { methodDefinition } from './method-definition.js'

const encoder = new TextEncoder()
const methods = eventLogMethods
const part = {
  topic: 'plays',
  payloads: [encoder.encode('Faust')],
  expect: undefined,
  producer: undefined,
  time: undefined,
}

describe('a server that stops ends', () => {
  let server: GrpcTestServer
  let client: Client

  beforeEach(async () => {
    server = await startGrpcTestServer()
    client = new Client(server.address, credentials.createInsecure())
    return async () => {
      client.close()
      await server[Symbol.asyncDispose]()
    }
  })

  function open<Request, Response>(
    method: Method<Request, Response>,
  ): ClientDuplexStream<Request, Response> {
    const { path, requestSerialize, responseDeserialize } = methodDefinition(method)
    return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
  }

  /** Stops without a deadline that would help, and gives the status that the stream ends with. */
  async function endOf(answers: AsyncIterator<unknown>): Promise<unknown> {
    const stopped = server.stop(60_000)
    const ended = await answers.next().then(
      () => 'an answer',
      ({ code }: { code: number }) => code,
    )
    await stopped
    return ended
  }

  test('an AppendStream that waits for appends', async () => {
    const stream = open(methods.appendStream)
    const answers = stream[Symbol.asyncIterator]()
    stream.write([part])
    expect((await answers.next()).value).toHaveLength(1)
    expect(await endOf(answers)).toBe(status.UNAVAILABLE)
  })

  test('a Consume that waits for events', async () => {
    const stream = open(methods.consume)
    const answers = stream[Symbol.asyncIterator]()
    const opening = create(messages.ConsumeOpenSchema, { topic: 'plays', consumer: 'reader' })
    stream.write({ open: opening, credit: 1, acks: [], nacks: [], extends: [], releases: [] })
    expect((await answers.next()).value).toMatchObject({ deliveries: [] })
    expect(await endOf(answers)).toBe(status.UNAVAILABLE)
  })

  test('a Read that follows', async () => {
    await server.log.append('plays', encoder.encode('Faust'))
    const { path, requestSerialize, responseDeserialize } = methodDefinition(methods.read)
    const request = create(messages.ReadRequestSchema, {
      topics: { topics: { case: 'topic', value: 'plays' } },
      follow: true,
    })
    const stream = client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
    )
    const answers = stream[Symbol.asyncIterator]() as AsyncIterator<unknown>
    await answers.next()
    expect(await endOf(answers)).toBe(status.UNAVAILABLE)
  })

  test('an Import that waits for bytes', async () => {
    const stream = open(methods.import)
    stream.write(create(messages.ImportRequestSchema, { chunk: new Uint8Array(0) }))
    expect(await endOf(stream[Symbol.asyncIterator]())).toBe(status.UNAVAILABLE)
  })
})
