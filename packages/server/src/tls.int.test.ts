import { once } from 'node:events'
import { type RequestOptions, request } from 'node:https'
import { connect } from 'node:net'
import { Client, credentials } from '@grpc/grpc-js'
import { create, eventLogMethods, messages } from '@goethe/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestAuthority, type TestCertificate } from '../tests-support/certificates.js'
import { type TempFolder, tempFolder } from '../tests-support/temp-folder.js'
import { type TestServer, startTestServer } from '../tests-support/test-server.js'
import { methodDefinition } from './grpc/method-definition.js'
import { everybody } from './identity.js'

let folder: TempFolder
let authority: TestAuthority
let stranger: TestCertificate
let own: TestCertificate
let client: TestCertificate
let files: Record<string, string>

beforeAll(async () => {
  folder = await tempFolder()
  authority = await TestAuthority.create(folder.path)
  own = await authority.sign('server')
  client = await authority.sign('client')
  stranger = await (await TestAuthority.create(folder.path, 'other')).sign('stranger')
  files = { tlsCert: own.certFile, tlsKey: own.keyFile }
})
afterAll(() => folder[Symbol.asyncDispose]())

describe('TLS', () => {
  test('serves HTTP and gRPC to those who trust its authority', async () => {
    await using server = await startTestServer({ flags: files })
    expect(await get(server, { ca: authority.cert })).toMatchObject({ status: 200 })
    expect(await get(server, {})).toBeInstanceOf(Error)
    expect(await grpcTopics(server, { ca: authority.cert })).toEqual([])
    expect(await fetch(server.url).catch((error: unknown) => error)).toBeInstanceOf(Error)
  })

  test('a certificate that the authority of clients signed names its holder', async () => {
    const flags = { ...files, tlsClientCa: authority.certFile }
    await using server = await startTestServer({
      flags,
      identify: (_headers, certificate) => {
        return Promise.resolve({ ...everybody, name: String(certificate?.subject.CN) })
      },
      logFor: (log, { name }) => Object.assign(Object.create(log), { topics: async () => [name] }),
    })
    const ask = async (certificate?: TestCertificate) =>
      get(server, { ca: authority.cert, ...certificate })
    expect(await ask(client)).toMatchObject({ json: { topics: ['client'] } })
    expect(await ask()).toMatchObject({ json: { topics: ['undefined'] } })
    // One that somebody else has signed says nothing.
    expect(await ask(stranger)).toMatchObject({ json: { topics: ['undefined'] } })
  })

  test('where one is required, nobody comes in without', async () => {
    const flags = { ...files, tlsClientCa: authority.certFile, tlsRequireClientCert: true }
    await using server = await startTestServer({ flags })
    const ca = authority.cert
    expect(await get(server, { ca })).toBeInstanceOf(Error)
    expect(await get(server, { ca, cert: stranger.cert, key: stranger.key })).toBeInstanceOf(Error)
    const mine = { ca, cert: client.cert, key: client.key }
    expect(await get(server, mine)).toMatchObject({ status: 200 })
    expect(await grpcTopics(server, mine)).toEqual([])
    expect(await grpcTopics(server, { ca })).toBeInstanceOf(Error)
  })

  test.each(['none', 'TLS'])('whoever says nothing does not hold up its end (%s)', async (kind) => {
    const flags = { ...(kind === 'TLS' && files), keepaliveHandshakeTimeoutMs: '1h' }
    await using server = await startTestServer({ flags })
    const silent = await Promise.all(
      Object.values(server.server.addresses).map(async ({ port }) => {
        const socket = connect({ port, host: '127.0.0.1' })
        await once(socket, 'connect')
        // Whichever way it ends.
        socket.on('error', () => undefined)
        return { socket, closed: once(socket, 'close') }
      }),
    )
    // The server has them all once it has answered one that came behind them.
    if (kind === 'TLS') await get(server, { ca: authority.cert })
    else await server.get('/livez')
    await server.server.stop({ deadlineMs: 3_600_000 })
    await Promise.all(silent.map(({ closed }) => closed))
    expect(silent.map(({ socket }) => socket.destroyed)).toEqual([true, true])
  })

  test('a file that is not there is named', async () => {
    await expect(
      startTestServer({ flags: { ...files, tlsKey: '/nowhere/key.pem' } }),
    ).rejects.toThrow('tls.key cannot be read: ENOENT')
  })
})

interface Secrets {
  ca?: string
  cert?: string
  key?: string
}

/** The answer, or the error of the connection. */
function get({ server }: TestServer, { ca, cert, key }: Secrets): Promise<unknown> {
  const options: RequestOptions = {
    host: '127.0.0.1',
    port: server.addresses.http.port,
    path: '/v1/topics',
    agent: false,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert, key }),
  }
  return new Promise((resolve) => {
    request(options, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => {
        resolve({ status: response.statusCode, json: JSON.parse(text) as unknown })
      })
    })
      .on('error', resolve)
      .end()
  })
}

async function grpcTopics({ server }: TestServer, { ca, cert, key }: Secrets): Promise<unknown> {
  const bytes = (text?: string) => (text === undefined ? null : Buffer.from(text))
  const channel = credentials.createSsl(bytes(ca), bytes(key), bytes(cert))
  const caller = new Client(`127.0.0.1:${server.addresses.grpc.port}`, channel)
  const { path, requestSerialize, responseDeserialize } = methodDefinition(
    eventLogMethods.listTopics,
  )
  const asked = create(messages.ListTopicsRequestSchema, {})
  const deadline = Date.now() + 5000
  return new Promise((resolve) => {
    caller.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      asked,
      { deadline },
      (error, answer) => {
        caller.close()
        resolve(error ?? answer?.topics)
      },
    )
  })
}
