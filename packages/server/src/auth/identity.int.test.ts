import { type Server, createServer } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { credentials, status } from '@grpc/grpc-js'
import { type Method, create, eventLogMethods, messages as m } from '@goethe/protocol'
import { manualClock } from '@goethe/core/testing'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestAuthority, type TestCertificate } from '../../tests-support/certificates.js'
import { grpcCaller } from '../../tests-support/grpc-caller.js'
import { type TempFolder, tempFolder } from '../../tests-support/temp-folder.js'
import { type TestServer, startTestServer } from '../../tests-support/test-server.js'
import { hashToken, newToken } from './tokens.js'

const listTopics = eventLogMethods.listTopics as unknown as Method<never, never>
const token = newToken()
const authTokens = [
  { name: 'me', sha256: hashToken(token), grants: [{ topics: 'b', rights: ['read'] }] },
]

async function withTopics(flags: Record<string, unknown>): Promise<TestServer> {
  const server = await startTestServer({ flags })
  for (const topic of ['a', 'b', 'c']) await server.server.log.append(topic, new Uint8Array([1]))
  return server
}

describe('a JSON Web Token, on both ports', () => {
  const audience = 'goethe'
  let keySets: Server
  let issuer: string
  let sign: (claims: object, expires: string) => Promise<string>
  let authJwt: Record<string, string>
  let server: TestServer

  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const keys = [{ ...(await exportJWK(publicKey)), kid: 'one' }]
    keySets = createServer((_request, response) => response.end(JSON.stringify({ keys })))
    await new Promise<void>((resolve) => keySets.listen(0, '127.0.0.1', resolve))
    issuer = `http://127.0.0.1:${(keySets.address() as AddressInfo).port}`
    sign = (claims, expires) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setExpirationTime(expires)
        .sign(privateKey)
    authJwt = { issuer, audience, jwksUrl: issuer }
    server = await withTopics({ authTokens, authJwt })
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    keySets.close()
  })

  /** What both ports answer: topics, or codes. */
  async function ask(secret: string): Promise<unknown[]> {
    const { json } = await server.get('/v1/topics', { authorization: `Bearer ${secret}` })
    const caller = grpcCaller(server.server.addresses.grpc.port, { token: secret })
    const { code, details, messages } = await caller.ask(
      listTopics,
      create(m.ListTopicsRequestSchema),
    )
    caller.close()
    const [page] = messages as [m.ListTopicsResponse?]
    return [json['topics'] ?? json['message'], page?.topics ?? `${code} ${details}`]
  }

  test('says what its bearer may do', async () => {
    const goethe = [{ topics: 'c', rights: ['read'] }]
    expect(await ask(await sign({ sub: 'you', goethe }, '1m'))).toEqual([['c'], ['c']])
    expect(await ask(await sign({ sub: 'you' }, '1m'))).toEqual([[], []])
  })

  test('is refused once it has expired', async () => {
    expect(await ask(await sign({ sub: 'you' }, '-1m'))).toEqual([
      'The token has expired',
      `${status.UNAUTHENTICATED} The token has expired`,
    ])
  })

  test('leaves configured tokens as good as they are', async () => {
    expect(await ask(token)).toEqual([['b'], ['b']])
  })

  test('takes no requests from a token whose holder is called the same', async () => {
    await using limited = await startTestServer({
      flags: { authTokens, authJwt, limitsRequestsPerSecond: 1 },
      clock: manualClock(),
    })
    const asking = async (secret: string) => {
      const { json } = await limited.get('/v1/status', { authorization: `Bearer ${secret}` })
      return json['message']
    }
    const jwt = await sign({ sub: 'me' }, '1m')
    expect([await asking(token), await asking(token)]).toEqual([
      undefined,
      "'token:me' may make 1 requests a second (limits.requestsPerSecond)",
    ])
    expect([await asking(jwt), await asking(jwt)]).toEqual([
      undefined,
      "'jwt:me' may make 1 requests a second (limits.requestsPerSecond)",
    ])
  })
})

describe('a client certificate, on both ports', () => {
  let folder: TempFolder
  let authority: TestAuthority
  let server: TestServer

  beforeAll(async () => {
    folder = await tempFolder()
    authority = await TestAuthority.create(folder.path)
    const own = await authority.sign('server')
    server = await withTopics({
      authTokens,
      authCertificates: [{ subject: 'billing', grants: [{ topics: 'a', rights: ['read'] }] }],
      tlsCert: own.certFile,
      tlsKey: own.keyFile,
      tlsClientCa: authority.certFile,
    })
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  function askHttp(client?: TestCertificate, secret?: string): Promise<unknown> {
    const { port } = server.server.addresses.http
    const options = {
      host: '127.0.0.1',
      port,
      path: '/v1/topics',
      agent: false,
      ca: authority.cert,
      ...(client !== undefined && { cert: client.cert, key: client.key }),
      ...(secret !== undefined && { headers: { authorization: `Bearer ${secret}` } }),
    }
    return new Promise((resolve, reject) => {
      request(options, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => {
          const { topics, code } = JSON.parse(text) as { topics?: string[]; code?: string }
          resolve(topics ?? code)
        })
      })
        .on('error', reject)
        .end()
    })
  }

  async function askGrpc(client?: TestCertificate, secret?: string): Promise<unknown> {
    const bytes = (text?: string) => (text === undefined ? null : Buffer.from(text))
    const channel = credentials.createSsl(
      bytes(authority.cert),
      bytes(client?.key),
      bytes(client?.cert),
    )
    const caller = grpcCaller(server.server.addresses.grpc.port, { channel, token: secret })
    const { code, messages } = await caller.ask(listTopics, create(m.ListTopicsRequestSchema))
    caller.close()
    const [page] = messages as [m.ListTopicsResponse?]
    return page?.topics ?? code
  }

  test('says who calls', async () => {
    const billing = await authority.sign('billing')
    expect([await askHttp(billing), await askGrpc(billing)]).toEqual([['a'], ['a']])
  })

  test('says nothing where a token is presented', async () => {
    const billing = await authority.sign('billing')
    expect([await askHttp(billing, token), await askGrpc(billing, token)]).toEqual([['b'], ['b']])
    const [http, grpc] = [await askHttp(billing, 'x'), await askGrpc(billing, 'x')]
    expect([http, grpc]).toEqual(['GOETHE_UNAUTHENTICATED', status.UNAUTHENTICATED])
  })

  test('need not be there where a token is', async () => {
    expect([await askHttp(undefined, token), await askGrpc(undefined, token)]).toEqual([
      ['b'],
      ['b'],
    ])
  })

  test('is refused of somebody unknown, and where none is', async () => {
    for (const client of [await authority.sign('somebody'), undefined]) {
      const [http, grpc] = [await askHttp(client), await askGrpc(client)]
      expect([http, grpc]).toEqual(['GOETHE_UNAUTHENTICATED', status.UNAUTHENTICATED])
    }
  })

  test('of a stranger who takes a known name opens nothing', async () => {
    const impostors = await TestAuthority.create(folder.path, 'impostors')
    const billing = await impostors.sign('billing')
    // TLS may also drop a connection whose certificate has a forged signature.
    const http = await askHttp(billing).catch(() => 'dropped')
    expect(['GOETHE_UNAUTHENTICATED', 'dropped']).toContain(http)
    expect([status.UNAUTHENTICATED, status.UNAVAILABLE]).toContain(await askGrpc(billing))
  })
})
