import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, type Server, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GoetheError } from '@goethe/core'
import { manualClock } from '@goethe/core/testing'
import { freePort, freePorts } from '../../cluster/tests-support/free-ports.js'
import type { PortTls } from '../../server/src/grpc/grpc-listener.js'
import { TestServer, memoryLog } from '../tests-support/test-server.js'
import { type Client, connect } from './index.js'
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
  it('where nothing listens, without a turn of the clock', async () => {
    const ports = await freePorts(2)
    const addresses = ports.map((port) => `goethe://127.0.0.1:${port}`)
    await using client = connect(addresses, { clock: manualClock() })
    const error: unknown = await client.topics().catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
      message: expect.stringMatching(
        `^Nothing listens at ${addresses.join(', ')}: start a server with 'goethe serve', or ` +
          'correct the address \\(.*ECONNREFUSED',
      ) as string,
      cause: { reason: 'refused' },
    })
  })

  it('but not where a server is said to come', async () => {
    const log = await memoryLog()
    const port = await freePort()
    let server: Promise<TestServer> | undefined
    await using client = connect(`goethe://127.0.0.1:${port}`, {
      connectTimeoutMs: 60_000,
      // It is asked for before the second attempt.
      random: () => {
        server ??= TestServer.start(log, { flags: { grpcPort: port } })
        return 0
      },
    })
    expect(await client.topics()).toEqual([])
    await client.close()
    await (await server!).stop(0)
    await log.close()
  })

  it('to whoever reads, appends or consumes, once a first connection has taken too long', async () => {
    const port = await freePort()
    // Each in a client of its own: an attempt that failed is one for all of a client.
    const codeOf = async (work: (client: Client) => Promise<unknown>): Promise<unknown> => {
      await using client = connect(`goethe://127.0.0.1:${port}`, {
        connectTimeoutMs: 100,
        // Beyond what the test waits for.
        deadlineMs: 600_000,
      })
      return await work(client).catch((error: unknown) => (error as GoetheError).code)
    }
    expect(
      await Promise.all([
        codeOf((client) => client.read('t').toArray()),
        codeOf((client) => client.read('t', { follow: true }).toArray()),
        codeOf((client) => client.append('t', Buffer.from(''))),
        codeOf((client) => client.consumer('t', 'c')[Symbol.asyncIterator]().next()),
        codeOf((client) => client.cursor('t', 'c').read().toArray()),
        codeOf((client) => client.verify().next()),
      ]),
    ).toEqual(Array.from({ length: 6 }, () => 'GOETHE_UNAVAILABLE'))
  })

  it('where the host has no address', async () => {
    await using client = connect('goethe://nobody.invalid:1', { connectTimeoutMs: 700 })
    await expect(client.topics()).rejects.toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
      message: expect.stringContaining('nobody.invalid') as string,
    })
  })

  it.each([
    ['says something else', 'SSH-2.0-OpenSSH_9.6\r\n', 'not-grpc'],
    ['says nothing', '', 'unreachable'],
  ])('where the server %s', async (_, greeting, reason) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.write(greeting)
    })
    const { code, message, cause } = await errorAt(await listening(server))
    expect({ code, cause }).toMatchObject({ code: 'GOETHE_UNAVAILABLE', cause: { reason } })
    expect(message).toMatch(/\(.+\)$/)
    server.close()
  })

  it('where the port is that of HTTP, without a turn of the clock', async () => {
    const server = createHttpServer((_, response) => response.end('hello'))
    const address = `goethe://127.0.0.1:${await listening(server)}`
    await using client = connect(address, { clock: manualClock() })
    const error: unknown = await client.topics().catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
      message:
        `What answers at ${address} is not the gRPC port of a Goethe server, which is 1337 unless ` +
        'the server was told otherwise: correct the address (Protocol error)',
      cause: { reason: 'not-grpc' },
    })
    server.closeAllConnections()
    server.close()
  })
})

describe('with TLS', () => {
  let folder: string
  let server: TestServer
  let certificate: Buffer
  let key: Buffer
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'goethe-tls-'))
    const [keyFile, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
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
        ['-keyout', keyFile, '-out', cert, '-subj', '/CN=faust', '-days', '2'],
        ['-addext', 'subjectAltName=DNS:faust.example'],
      ),
      { stdio: 'ignore' },
    )
    certificate = readFileSync(cert)
    key = readFileSync(keyFile)
    server = await TestServer.start(await memoryLog(), { tls: tlsOf({ cert: certificate, key }) })
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

  it('a client in plain text is told that TLS may be wanted', async () => {
    const { code, message, cause } = await errorAt(server.port)
    expect({ code, cause }).toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
      cause: { reason: 'closed' },
    })
    expect(message).toBe(
      `What answers at goethe://127.0.0.1:${server.port} takes no connection in plain text: ` +
        'connect with TLS if it uses that, or correct the address (the connection was closed at once)',
    )
  })

  it('a client that does not trust the certificate is told so at once', async () => {
    // Longer than a test may take.
    const { code, message, cause } = await errorAt(server.port, {
      tls: true,
      connectTimeoutMs: 600_000,
      deadlineMs: 600_000,
    })
    expect({ code, cause }).toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
      cause: { reason: 'certificate' },
    })
    expect(message).toBe(
      `The certificate of the server at goethe://127.0.0.1:${server.port} is not trusted: say who ` +
        'has signed it, or which name it is for (self-signed certificate)',
    )
  })

  it('a client that expects another name is told the names', async () => {
    const { message, cause } = await errorAt(server.port, { tls: { ca: certificate } })
    expect(cause).toMatchObject({ reason: 'certificate' })
    expect(message).toContain("IP: 127.0.0.1 is not in the cert's list")
  })

  it('a client with TLS is told when the server has none', async () => {
    const plain = await TestServer.start(server.log)
    const { message, cause } = await errorAt(plain.port, { tls: true })
    expect(cause).toMatchObject({ reason: 'plain-text' })
    expect(message).toContain(
      `What answers at goethe://127.0.0.1:${plain.port} takes no connection with TLS`,
    )
    await plain.stop(0)
  })

  it('a client without a certificate is told that the server wants one', async () => {
    const strict = await TestServer.start(server.log, {
      tls: tlsOf({ cert: certificate, key, clientCa: certificate, requireClientCert: true }),
    })
    const tls = { ca: certificate, serverName: 'faust.example' }
    const { message, cause } = await errorAt(strict.port, { tls })
    expect(cause).toMatchObject({ reason: 'client-certificate' })
    expect(message).toMatch(/wants a certificate of its client.*\(.*certificate required\)$/)
    await strict.stop(0)
  })

  it('what is no PEM is refused before anything is sent', () => {
    expect(() => connect(server.address, { tls: { ca: 'ca.pem' } })).toThrow(
      "'tls.ca' is a text in PEM, with a line '-----BEGIN …-----'",
    )
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

/** A certificate that stays as it is. */
function tlsOf(files: Partial<PortTls['files']> & { cert: Buffer; key: Buffer }): PortTls {
  return {
    files: { clientCa: undefined, requireClientCert: false, ...files },
    onChange: () => () => undefined,
  }
}
