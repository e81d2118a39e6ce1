import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, type Server, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ServerCredentials } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GoetheError } from '@goethe/core'
import { TestServer, memoryLog } from '../tests-support/test-server.js'
import { connect } from './index.js'
import type { ConnectOptions } from './options.js'

/** The error of a call to that port. */
async function errorAt(port: number, options: ConnectOptions = {}): Promise<GoetheError> {
  await using client = connect(`goethe://127.0.0.1:${port}`, { connectTimeoutMs: 700, ...options })
  const error: unknown = await client.topics().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(GoetheError)
  return error as GoetheError
}

async function listening<Listener extends Server>(server: Listener): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

describe('the error says why there is no connection', () => {
  it('where nothing listens', async () => {
    const server = createServer()
    const port = await listening(server)
    server.close()
    const { code, message } = await errorAt(port)
    expect(code).toBe('GOETHE_UNAVAILABLE')
    expect(message).toContain(`goethe://127.0.0.1:${port}`)
    expect(message).toContain('ECONNREFUSED')
  })

  it('where the host has no address', async () => {
    await using client = connect('goethe://nobody.invalid:1', { connectTimeoutMs: 700 })
    await expect(client.topics()).rejects.toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
      message: expect.stringContaining('nobody.invalid') as string,
    })
  })

  it.each([
    ['says something else', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['says nothing', ''],
  ])('where the server %s', async (_, greeting) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.write(greeting)
    })
    const { code, message } = await errorAt(await listening(server))
    expect(code).toBe('GOETHE_UNAVAILABLE')
    expect(message).toMatch(/\(.+\)$/)
    server.close()
  })

  it('where the server speaks HTTP/1', async () => {
    const server = createHttpServer((_, response) => response.end('hello'))
    const { code } = await errorAt(await listening(server))
    expect(code).toBe('GOETHE_UNAVAILABLE')
    server.closeAllConnections()
    server.close()
  })
})

describe('with TLS', () => {
  let folder: string
  let server: TestServer
  let certificate: Buffer
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'goethe-tls-'))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
      ].concat(
        ['-keyout', key, '-out', cert, '-subj', '/CN=faust', '-days', '2'],
        ['-addext', 'subjectAltName=DNS:faust.example'],
      ),
      { stdio: 'ignore' },
    )
    certificate = readFileSync(cert)
    const pair = { private_key: readFileSync(key), cert_chain: certificate }
    server = await TestServer.start(await memoryLog(), {
      credentials: ServerCredentials.createSsl(null, [pair]),
    })
  })
  afterAll(async () => {
    await server.stop(0)
    await server.log.close()
    rmSync(folder, { recursive: true })
  })

  it('a client that trusts the certificate and expects its name connects', async () => {
    const tls = { ca: certificate, serverName: 'faust.example' }
    await using client = connect(server.address, { tls })
    expect(await client.topics()).toEqual([])
  })

  it('a client in plain text is told that there is no connection', async () => {
    expect((await errorAt(server.port)).code).toBe('GOETHE_UNAVAILABLE')
  })

  it('a client that does not trust the certificate is told so', async () => {
    const { code, message } = await errorAt(server.port, { tls: true })
    expect(code).toBe('GOETHE_UNAVAILABLE')
    expect(message).toMatch(/self-signed certificate/)
  })

  it('a client that expects another name is told the names', async () => {
    const { message } = await errorAt(server.port, { tls: { ca: certificate } })
    expect(message).toMatch(/altnames/)
  })

  it('a client with TLS is told when the server has none', async () => {
    const plain = await TestServer.start(server.log)
    expect((await errorAt(plain.port, { tls: true })).code).toBe('GOETHE_UNAVAILABLE')
    await plain.stop(0)
  })
})

describe('ends at once, and is not tried again:', () => {
  it('a call and an append with a token that the server does not know', async () => {
    let asked = 0
    const log = await memoryLog()
    const server = await TestServer.start(log, {
      context: {
        identify: () => {
          asked++
          return Promise.reject(new GoetheError('GOETHE_UNAUTHENTICATED', 'Who are you?'))
        },
      },
    })
    const client = connect(server.address, { token: 'wrong' })
    const unauthenticated = { code: 'GOETHE_UNAUTHENTICATED' }
    await expect(client.topics()).rejects.toMatchObject(unauthenticated)
    await expect(client.append('t', Buffer.from(''))).rejects.toMatchObject(unauthenticated)
    await expect(client.read('t').toArray()).rejects.toMatchObject(unauthenticated)
    const deliveries = client.consumer('t', 'c')[Symbol.asyncIterator]()
    await expect(deliveries.next()).rejects.toMatchObject(unauthenticated)
    expect(asked).toBe(4)
    await client.close()
    await server.stop()
    await log.close()
  })

  it('an append that is larger than what the server takes in one message', async () => {
    const log = await memoryLog()
    const flags = { limitsMessageBytesMax: 64 * 1024, eventBytesMax: 60 * 1024 }
    const server = await TestServer.start(log, { flags })
    const client = connect(server.address)
    const small = Array.from({ length: 500 }, (_, index) =>
      client.append('t', Buffer.alloc(1000, `${index}`)),
    )
    await expect(client.append('t', Buffer.alloc(70_000))).rejects.toMatchObject({
      code: 'GOETHE_EVENT_TOO_LARGE',
      details: { topic: 't' },
    })
    await Promise.all(small)
    await client.append('t', Buffer.alloc(60_000))
    expect(await log.describe('t')).toMatchObject({ count: 501 })
    await client.close()
    await server.stop()
    await log.close()
  })

  it('an answer that is larger than what the client takes', async () => {
    const log = await memoryLog()
    await log.append('t', Buffer.alloc(300_000))
    const server = await TestServer.start(log)
    const client = connect(server.address, { messageBytesMax: 10_000 })
    await expect(client.seek('t', 'start')).rejects.toMatchObject({ code: 'GOETHE_LIMIT' })
    await expect(client.read('t').toArray()).rejects.toMatchObject({ code: 'GOETHE_LIMIT' })
    await client.close()
    await server.stop()
    await log.close()
  })
})
