/** What may come to the port of members from those who are none, or who are out of their mind. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { GoetheError } from '@goethe/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TestPeer, sharedSecret } from '../../tests-support/peers.js'
import { type FrameKind, FrameReader, encodeFrame, frameKinds } from './frame.js'
import { DialerHandshake, type HandshakeContext } from './handshake.js'
import type { PeerPurpose } from './hello.js'
import { encodeRefusal } from './peer-refuse-frame.js'
import { PeerRefusal } from './peer-refusal.js'
import { checkSpeaker } from './speaker.js'

/** A connection by hand. Its end is all that is waited for. */
async function open(peer: TestPeer): Promise<{ socket: Socket; closed: Promise<unknown> }> {
  const socket = connect(peer.port, '127.0.0.1')
  socket.on('error', () => {})
  const closed = new Promise((resolve) => {
    socket.on('close', resolve)
  })
  await once(socket, 'connect')
  return { socket, closed }
}

/** The same, with a handshake done as member m would. */
async function openAsMember(peer: TestPeer, purpose: PeerPurpose = 'replica') {
  const { socket, closed } = await open(peer)
  const context: HandshakeContext = {
    self: { clusterId: undefined, member: 'm', storeId: 's', incarnation: 'i' },
    secrets: [sharedSecret],
    nonce: randomBytes(32),
    binding: Buffer.alloc(0),
    certificateProblem: () => undefined,
  }
  const handshake = new DialerHandshake(context, 'b', purpose)
  const write = (kind: FrameKind, body: Uint8Array) => {
    for (const buffer of encodeFrame(kind, [body], true)) socket.write(buffer)
  }
  await new Promise<void>((resolve) => {
    const reader = new FrameReader(2 ** 20, true, (kind, body) => {
      if (kind === 'hello') write('proof', handshake.onHello(body))
      if (kind === 'proof') resolve()
    })
    socket.on('data', (bytes: Buffer) => {
      reader.push(bytes)
    })
    write('hello', handshake.hello)
  })
  return { socket, closed, write }
}

const body = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.nat(60).map((length) => Buffer.concat([Buffer.from('goep'), Buffer.alloc(length, 1)])),
)
const kind = fc.constantFrom(...(Object.keys(frameKinds) as FrameKind[]))
const frame = fc
  .tuple(kind, body)
  .map(([kind, body]) => Buffer.concat(encodeFrame(kind, [body], true)))
const bytes = fc.array(fc.oneof(frame, fc.uint8Array({ minLength: 1, maxLength: 100 })), {
  minLength: 1,
  maxLength: 4,
})

describe('a member that listens', () => {
  test('survives any bytes, and serves others after', async () => {
    await using b = await TestPeer.start('b')
    await fc.assert(
      fc.asyncProperty(bytes, async (parts) => {
        const { socket, closed } = await open(b)
        socket.resume()
        socket.end(Buffer.concat(parts))
        await closed
      }),
      { numRuns: 300 },
    )
    await using a = await TestPeer.start('a')
    a.connect({ b })
    await a.connected('b')
    a.say('b', 'fine')
    expect(await b.messages(1)).toEqual(['fine'])
    expect(b.transport.listenCounters().refused.hostile).toBeGreaterThan(100)
  })

  test('survives any frames of a member that lost its mind', async () => {
    await using b = await TestPeer.start('b')
    b.transport.onFetch(async function* (_from, request) {
      yield request
    })
    const purpose = fc.constantFrom<PeerPurpose>('replica', 'gossip', 'fetch', 'forward')
    await fc.assert(
      fc.asyncProperty(purpose, bytes, async (purpose, parts) => {
        const { socket, closed } = await openAsMember(b, purpose)
        socket.end(Buffer.concat(parts))
        await closed
      }),
      { numRuns: 150 },
    )
    await using a = await TestPeer.start('a')
    a.connect({ b })
    await a.connected('b')
    expect(a.transport.connected('b', 'replica')).toBe(true)
  })

  test('hands out nothing before the handshake is done', async () => {
    await using b = await TestPeer.start('b')
    const { socket, closed } = await open(b)
    for (const part of encodeFrame('message', [Buffer.from('let me in')], true)) socket.write(part)
    await closed
    expect(b.received).toEqual([])
    expect(await b.problem('hostile')).toMatchObject({ member: undefined })
  })

  test('takes no large frame from those it does not know', async () => {
    await using b = await TestPeer.start('b')
    const { socket, closed } = await open(b)
    const [header] = encodeFrame('hello', [Buffer.alloc(4097)], true)
    socket.write(header!.subarray(0, 9))
    await closed
    expect((await b.problem('hostile')).message).toContain('4097 bytes where 4096 are the most')
  })

  test('takes no frame above the limit from those it knows', async () => {
    await using b = await TestPeer.start('b', { limits: { messageBytesMax: 1000 } })
    const { closed, write } = await openAsMember(b)
    write('message', Buffer.alloc(1001))
    await closed
    expect(await b.problem('hostile')).toMatchObject({ member: 'm' })
  })

  test('closes the connection by which something came that cannot be read', async () => {
    await using b = await TestPeer.start('b')
    b.transport.onMessage(() => {
      throw new GoetheError('GOETHE_CORRUPT', 'these bytes are no message')
    })
    const { closed, write } = await openAsMember(b)
    write('message', Buffer.from('?'))
    await closed
    expect(await b.problem('hostile')).toMatchObject({ message: 'these bytes are no message' })
  })

  test('says so where something came of a version that it does not know', async () => {
    await using a = await TestPeer.start('a')
    await using b = await TestPeer.start('b')
    b.transport.onMessage(() => {
      throw new GoetheError('GOETHE_FORMAT', 'bring all members to one version')
    })
    a.connect({ b })
    await a.connected('b')
    a.say('b', 'news')
    expect(await a.problem('version')).toMatchObject({
      message: 'it says: bring all members to one version',
    })
    expect(b.transport.listenCounters().refused.version).toBeGreaterThan(0)
  })

  test('says so where a peer speaks in the name of another one', async () => {
    await using a = await TestPeer.start('a')
    await using b = await TestPeer.start('b')
    b.transport.onMessage((peer) => {
      checkSpeaker(peer, { member: 'c' })
    })
    a.connect({ b })
    await a.connected('b')
    a.say('b', 'news')
    expect(await a.problem('unauthenticated')).toMatchObject({
      message: expect.stringContaining(
        'it says: Member a sent something in the name of member "c"',
      ),
    })
    expect(b.transport.listenCounters().refused.unauthenticated).toBeGreaterThan(0)
  })

  test('waits for a handshake no longer than its limit', async () => {
    await using b = await TestPeer.start('b', { limits: { handshakeMs: 20 } })
    const { socket, closed } = await open(b)
    socket.resume()
    await closed
    expect((await b.problem('unauthenticated')).message).toContain('within 20 ms')
  })

  test('lets the oldest go of too many that do not say who they are', async () => {
    await using b = await TestPeer.start('b', { limits: { strangersMax: 3 } })
    const first = await open(b)
    const others = []
    for (let index = 0; index < 3; index++) others.push(await open(b))
    await first.closed
    expect(await b.problem('busy')).toMatchObject({ member: undefined })
    await using a = await TestPeer.start('a')
    a.connect({ b })
    await a.connected('b')
    for (const { socket } of others) socket.destroy()
  })
})

describe('a member that connects', () => {
  /** Gives these bytes to each one that connects. */
  async function answering(answer: () => Buffer) {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.resume()
      socket.end(answer())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      port: (server.address() as AddressInfo).port,
      async [Symbol.asyncDispose]() {
        await new Promise((resolve) => server.close(resolve))
      },
    }
  }

  test('survives any bytes of what listens there', async () => {
    let answer = Buffer.alloc(0)
    await using server = await answering(() => answer)
    await using a = await TestPeer.start('a')
    const failures = () => a.transport.peerCounters().get('b')?.failures ?? 0
    await fc.assert(
      fc.asyncProperty(bytes, async (parts) => {
        answer = Buffer.concat(parts)
        const before = failures()
        a.problems.length = 0
        a.connect({ b: server.port })
        await a.until(() => a.problems.length > 0)
        a.connect({})
        expect(failures()).toBeGreaterThan(before)
      }),
      { numRuns: 100 },
    )
    expect(a.transport.connected('b', 'replica')).toBe(false)
  })

  test('tries again although a stranger says that it is another cluster', async () => {
    let setAgain = () => {}
    const again = new Promise<void>((resolve) => {
      setAgain = resolve
    })
    const refusal = encodeRefusal(new PeerRefusal('wrong-cluster', 'go away'))
    let answers = 0
    await using server = await answering(() => {
      // Both channels, twice.
      if (++answers === 4) setAgain()
      return Buffer.concat(encodeFrame('refuse', [refusal], true))
    })
    await using a = await TestPeer.start('a', { limits: { reconnectMsMax: 1 } })
    a.connect({ b: server.port })
    await again
    expect(await a.problem('unreachable')).toMatchObject({ member: 'b' })
  })
})
