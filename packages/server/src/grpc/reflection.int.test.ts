import {
  type Client,
  type ClientDuplexStream,
  type GrpcObject,
  type ServiceClientConstructor,
  credentials,
  status,
} from '@grpc/grpc-js'
import { GoetheError } from '@goethe/core'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { type GrpcTestServer, startGrpcTestServer } from '../../tests-support/grpc-test-server.js'
import { loadDescriptors, loadProto } from '../../tests-support/proto-loader.js'

const insecure = credentials.createInsecure()

interface Answer {
  message_response: string
  list_services_response: { service: { name: string }[] }
  file_descriptor_response: { file_descriptor_proto: Buffer[] }
  error_response: { error_code: number; error_message: string }
}

interface ReflectionClient extends Client {
  ServerReflectionInfo(): ClientDuplexStream<object, Answer>
}

/** Asks as grpcurl does: one stream, a question after the other. */
class Reflection {
  readonly #client: Client
  readonly #stream: ClientDuplexStream<object, Answer>
  readonly #answers: AsyncIterator<Answer>

  constructor(address: string, version: 'v1' | 'v1alpha') {
    const path = require.resolve('@grpc/reflection/package.json')
    const proto = join(dirname(path), `build/proto/grpc/reflection/${version}/reflection.proto`)
    const loaded = loadProto(readFileSync(proto, 'utf8'))
    const Service = constructorIn(loaded, `grpc.reflection.${version}.ServerReflection`)
    const client = new Service(address, insecure) as unknown as ReflectionClient
    this.#client = client
    this.#stream = client.ServerReflectionInfo()
    this.#answers = this.#stream[Symbol.asyncIterator]()
  }

  async ask(question: object): Promise<Answer> {
    this.#stream.write(question)
    const { value } = await this.#answers.next()
    return value as Answer
  }

  async services(): Promise<string[]> {
    const { list_services_response: list } = await this.ask({ list_services: '' })
    return list.service.map(({ name }) => name).sort()
  }

  /** The file of a symbol and all that it imports, as a google.protobuf.FileDescriptorSet. */
  async describe(symbol: string): Promise<Uint8Array> {
    const { file_descriptor_response: found } = await this.ask({ file_containing_symbol: symbol })
    return Buffer.concat(
      found.file_descriptor_proto.map((file) => Buffer.concat([lengthPrefix(file.length), file])),
    )
  }

  close(): void {
    this.#stream.end()
    this.#client.close()
  }
}

const require = createRequire(import.meta.url)

function lengthPrefix(length: number): Buffer {
  const bytes = [0x0a]
  for (; length >= 0x80; length >>>= 7) bytes.push((length & 0x7f) | 0x80)
  return Buffer.from([...bytes, length])
}

function constructorIn(loaded: GrpcObject, name: string): ServiceClientConstructor {
  let at: unknown = loaded
  for (const part of name.split('.')) at = (at as Record<string, unknown>)[part]
  return at as ServiceClientConstructor
}

/** Calls that a client made from descriptors has. */
type Called = Client & Record<string, (...args: unknown[]) => unknown>

function unary(client: Called, method: string, request: object): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    client[method]!(request, (error: Error | null, answer: Record<string, unknown>) =>
      error === null ? resolve(answer) : reject(error),
    )
  })
}

describe.each(['v1', 'v1alpha'] as const)('grpc.reflection.%s', (version) => {
  let server: GrpcTestServer
  let reflection: Reflection

  beforeEach(async () => {
    server = await startGrpcTestServer()
    reflection = new Reflection(server.address, version)
    return async () => {
      reflection.close()
      await server[Symbol.asyncDispose]()
    }
  })

  test('the services are listed', async () => {
    expect(await reflection.services()).toEqual([
      'goethe.v1.Cluster',
      'goethe.v1.EventLog',
      'grpc.health.v1.Health',
      'io.typusomega.goethe.Goethe',
    ])
  })

  test('a client made from what is shown appends and reads', async () => {
    const descriptors = await reflection.describe('goethe.v1.EventLog')
    const EventLog = constructorIn(loadDescriptors(descriptors), 'goethe.v1.EventLog')
    const client = new EventLog(server.address, insecure) as unknown as Called
    const { receipt } = await unary(client, 'Append', {
      topic: 'plays',
      payloads: [Buffer.from('Faust'), Buffer.from('Egmont')],
      expect: { empty: true },
    })
    expect(receipt).toMatchObject({ topic: 'plays', first_sequence: '1', count: 2 })
    const answers = client['Read']!({ topics: { topic: 'plays' }, limit: 1 }) as AsyncIterable<{
      blocks: { topic: string; to: number; block: { payloads: Buffer[] } }[]
    }>
    for await (const { blocks } of answers) {
      expect(blocks).toHaveLength(1)
      expect(blocks[0]).toMatchObject({ topic: 'plays', to: 1 })
      expect(String(blocks[0]?.block.payloads[0])).toBe('Faust')
    }
    client.close()
  })

  test.each(['grpc.health.v1.Health', 'io.typusomega.goethe.Goethe'])(
    '%s can be called as it is shown',
    async (name) => {
      const Service = constructorIn(loadDescriptors(await reflection.describe(name)), name)
      const client = new Service(server.address, insecure) as unknown as Called
      if (name === 'grpc.health.v1.Health') {
        expect(await unary(client, 'Check', { service: '' })).toEqual({ status: 'SERVING' })
      } else {
        const event = { topic: { id: 'plays' }, payload: Buffer.from('Faust') }
        expect(await unary(client, 'Produce', event)).toMatchObject(event)
      }
      client.close()
    },
  )

  test.each(['goethe.v1.EventLog.Append', 'goethe.v1.AppendRequest', 'goethe.v1.Durability'])(
    '%s is found in its file',
    async (symbol) => {
      expect((await reflection.describe(symbol)).length).toBeGreaterThan(0)
    },
  )

  test('a file is found by its name', async () => {
    const answer = await reflection.ask({ file_by_filename: 'goethe/v1/read.proto' })
    const [file] = answer.file_descriptor_response.file_descriptor_proto
    expect(String(file)).toContain('goethe.v1')
  })

  test('what there is not is not found', async () => {
    const { error_response: error } = await reflection.ask({ file_containing_symbol: 'goethe.v2' })
    expect(error.error_code).toBe(status.NOT_FOUND)
  })

  test('fields that may be absent are shown as such', async () => {
    const { file_descriptor_response: found } = await reflection.ask({
      file_by_filename: 'goethe/v1/read.proto',
    })
    // Field 17 of a field's descriptor, proto3_optional, is true.
    const optional = Buffer.from([0x88, 0x01, 0x01])
    expect(found.file_descriptor_proto[0]?.includes(optional)).toBe(true)
  })

  test('an open stream of questions does not keep the server from stopping', async () => {
    await reflection.services()
    const stopped = server.stop()
    await expect(reflection.services()).rejects.toMatchObject({ code: status.UNAVAILABLE })
    await stopped
  })
})

test('who asks need not say who they are, and sees no more than is served', async () => {
  await using server = await startGrpcTestServer({
    flags: { legacy: false },
    context: {
      identify: () => Promise.reject(new GoetheError('GOETHE_UNAUTHENTICATED', 'Who?')),
    },
  })
  const reflection = new Reflection(server.address, 'v1')
  expect(await reflection.services()).toEqual([
    'goethe.v1.Cluster',
    'goethe.v1.EventLog',
    'grpc.health.v1.Health',
  ])
  reflection.close()
})
