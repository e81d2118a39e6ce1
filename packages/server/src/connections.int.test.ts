import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type ManualClock, manualClock } from '@goethe/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestAuthority } from '../tests-support/certificates.js'
import { type TempFolder, tempFolder } from '../tests-support/temp-folder.js'
import { type TestServer, startTestServer } from '../tests-support/test-server.js'

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const ports = ['grpc', 'http'] as const

async function open(server: TestServer, port: (typeof ports)[number]): Promise<Socket> {
  const socket = connect(server.server.addresses[port].port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

async function metric(server: TestServer, name: string): Promise<number> {
  const { text } = await server.get('/metrics')
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1],
  )
}

describe.each(ports)('connections to the port of %s', (port) => {
  test('are as many as limits.connectionsMax; more are closed at once, counted and told once', async () => {
    await using server = await startTestServer({ flags: { limitsConnectionsMax: 2 } })
    const first = await open(server, port)
    await open(server, port)
    for (let count = 0; count < 3; count++) {
      const refused = await open(server, port)
      await once(refused, 'close')
    }
    first.destroy()
    await expect.poll(() => metricOnce(server, port)).toBeGreaterThanOrEqual(3)
    const told = server.lines.filter(({ msg }) => String(msg).includes('limits.connectionsMax'))
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({ protocol: port, connectionsMax: 2 })
  })
})

/** Refused connections, once there is room for the one that asks, which is refused and counted until then. */
async function metricOnce(server: TestServer, port: string): Promise<number | undefined> {
  return metric(server, `goethe_refused_connections_total{protocol="${port}"}`).catch(
    () => undefined,
  )
}

describe('a connection to the port of gRPC', () => {
  let folder: TempFolder
  let authority: TestAuthority
  let files: { tlsCert: string; tlsKey: string }
  let clock: ManualClock

  beforeAll(async () => {
    folder = await tempFolder()
    authority = await TestAuthority.create(folder.path)
    const { certFile, keyFile } = await authority.sign('server')
    files = { tlsCert: certFile, tlsKey: keyFile }
  })
  afterAll(() => folder[Symbol.asyncDispose]())

  const start = (flags: Record<string, unknown> = {}) => {
    clock = manualClock(new Date())
    return startTestServer({ clock, flags: { keepaliveHandshakeTimeoutMs: 3000, ...flags } })
  }

  test.each(['nothing', 'half of the preface'])(
    'that says %s is closed after keepalive.handshakeTimeoutMs',
    async (what) => {
      await using server = await start()
      const socket = await open(server, 'grpc')
      if (what !== 'nothing') socket.write(preface.slice(0, 10))
      await expect.poll(() => metric(server, 'goethe_connections{protocol="grpc"}')).toBe(1)
      clock.advance(2999)
      expect(socket.closed).toBe(false)
      clock.advance(1)
      await once(socket, 'close')
      await expect.poll(() => metric(server, 'goethe_connections{protocol="grpc"}')).toBe(0)
    },
  )

  test('that has begun to speak HTTP/2 in pieces stays', async () => {
    await using server = await start()
    const socket = await open(server, 'grpc')
    socket.setNoDelay(true)
    socket.write(preface.slice(0, 10))
    await expect.poll(() => metric(server, 'goethe_connections{protocol="grpc"}')).toBe(1)
    socket.write(preface.slice(10))
    await once(socket, 'data')
    clock.advance(3000)
    expect(await metric(server, 'goethe_connections{protocol="grpc"}')).toBe(1)
    socket.destroy()
  })

  test('that speaks HTTP/1.1 is told which port is for that', async () => {
    await using server = await start()
    const response = await fetch(`http://127.0.0.1:${server.server.addresses.grpc.port}/v1/topics`)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('http.port is the one for HTTP/1.1')
  })

  test('with TLS that says nothing in it is closed after keepalive.handshakeTimeoutMs', async () => {
    await using server = await start(files)
    const { port } = server.server.addresses.grpc
    const socket = connectTls({
      host: '127.0.0.1',
      port,
      ca: authority.cert,
      ALPNProtocols: ['h2'],
    })
    await once(socket, 'secureConnect')
    // The server counts as connected behind its client.
    const closed = once(socket, 'close')
    const tick = setInterval(() => clock.advance(3000), 20)
    await closed
    clearInterval(tick)
    expect(socket.authorized).toBe(true)
  })

  test('that does not set up TLS is closed after keepalive.handshakeTimeoutMs', async () => {
    // By the clock of the runtime, which TLS is part of.
    await using server = await start({ ...files, keepaliveHandshakeTimeoutMs: 100 })
    const socket = await open(server, 'grpc')
    await once(socket, 'close')
    expect(socket.bytesRead).toBe(0)
  })

  test('that is silent does not keep a server from stopping', async () => {
    const server = await start()
    const socket = await open(server, 'grpc')
    await expect.poll(() => metric(server, 'goethe_connections{protocol="grpc"}')).toBe(1)
    const closed = once(socket, 'close')
    await server.server.stop({ deadlineMs: 60_000 })
    await expect(closed).resolves.toBeDefined()
    await server[Symbol.asyncDispose]()
  })
})
