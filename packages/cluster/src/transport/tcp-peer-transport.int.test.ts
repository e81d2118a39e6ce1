import { type LookupFunction } from 'node:net'
import { manualClock } from '@goethe/core/testing'
import { describe, expect, test } from 'vitest'
import { type Direction, TcpProxy } from '../../../client/tests-support/tcp-proxy.js'
import { HandMadeAcceptor } from '../../tests-support/hand-made-acceptor.js'
import { TestPeer } from '../../tests-support/peers.js'

/** The handshake may take its time also on a slow machine. */
const impatient = { keepaliveMs: 20, silenceMs: 100, reconnectMsMax: 10 }
/** Where bytes take as long as the machine wants. */
const patient = { silenceMs: 1_000_000 }

function failingLookup(message: () => string): LookupFunction {
  return (_name, _options, callback) => {
    callback(new Error(message()), [])
  }
}

describe('messages', () => {
  test('arrive in order, and say who sent them on which channel', async () => {
    await using a = await TestPeer.start('a', { clusterId: 'c' })
    await using b = await TestPeer.start('b')
    a.connect({ b })
    await a.connected('b')
    const texts = Array.from({ length: 1000 }, (_, index) => `message ${index}`)
    for (const text of texts) expect(a.say('b', text)).toBe(true)
    expect(await b.messages(1000)).toEqual(texts)
    expect(b.received[0]).toMatchObject({
      from: { clusterId: 'c', member: 'a', storeId: 'store-a', incarnation: 'run-a' },
      channel: 'replica',
    })
  })

  test('are put together of their parts, large or small', async () => {
    await using a = await TestPeer.start('a')
    await using b = await TestPeer.start('b')
    a.connect({ b })
    await a.connected('b')
    const parts = [Buffer.from('head'), Buffer.alloc(3_000_000, 'x'), Buffer.from('tail')]
    a.transport.send('b', 'replica', parts)
    const [message] = await b.messages(1)
    expect(message === Buffer.concat(parts).toString()).toBe(true)
  })

  test('go both ways between two members', async () => {
    await using a = await TestPeer.start('a')
    await using b = await TestPeer.start('b')
    a.connect({ b, a })
    b.connect({ a, b })
    await Promise.all([a.connected('b'), b.connected('a')])
    a.say('b', 'ping')
    b.say('a', 'pong')
    expect([await b.messages(1), await a.messages(1)]).toEqual([['ping'], ['pong']])
  })

  test('are dropped where there is no connection, and counted', async () => {
    await using a = await TestPeer.start('a')
    expect(a.say('b', 'lost')).toBe(false)
    expect(a.transport.peerCounters().get('b')?.messagesDropped).toBe(1)
  })

  test('above the limit are refused to the one who sends', async () => {
    await using a = await TestPeer.start('a', { limits: { messageBytesMax: 10 } })
    expect(() => a.say('b', 'eleven bytes')).toThrow('12 bytes, and 10 are the most')
  })

  test('are counted on both sides', async () => {
    await using a = await TestPeer.start('a')
    await using b = await TestPeer.start('b')
    a.connect({ b })
    await a.connected('b')
    a.say('b', 'four')
    a.say('b', 'more')
    await b.messages(2)
    expect(a.transport.peerCounters().get('b')).toMatchObject({ messagesSent: 2, bytesSent: 8 })
    expect(b.transport.peerCounters().get('a')).toMatchObject({
      messagesReceived: 2,
      bytesReceived: 8,
    })
  })

  test('of gossip do not wait behind those of replicas that are not read', async () => {
    await using a = await TestPeer.start('a')
    await using b = await HandMadeAcceptor.start('b')
    b.unread = 'replica'
    a.connect({ b: b.port })
    await Promise.all([a.connected('b'), a.connected('b', 'gossip')])
    for (let index = 0; index < 20; index++) {
      a.transport.send('b', 'replica', [Buffer.alloc(1_000_000)])
    }
    a.say('b', 'still here', 'gossip')
    expect(await b.nextMessage()).toEqual({ purpose: 'gossip', text: 'still here' })
  })
})

describe('a message that takes long', () => {
  test('is noticed at both ends while it is on its way', async () => {
    const clock = manualClock()
    await using a = await TestPeer.start('a', { limits: patient })
    await using b = await TestPeer.start('b', { clock, limits: patient })
    await using proxy = await TcpProxy.start(b.port)
    a.connect({ b: proxy.port })
    await Promise.all([a.connected('b'), a.connected('b', 'gossip')])
    a.transport.send('b', 'replica', [Buffer.alloc(30_000_000)])
    while (a.progress.length === 0 || b.progress.length === 0) {
      for (let pieces = 0; pieces < 5; pieces++) await proxy.nextPass('up')
      clock.advance(100)
    }
    expect(b.received).toEqual([])
    expect(new Set(b.progress)).toEqual(new Set(['run-a sends']))
    expect(new Set(a.progress)).toEqual(new Set(['run-b receives']))
  })

  test('is not, where it is gossip', async () => {
    const clock = manualClock()
    await using a = await TestPeer.start('a', { limits: patient })
    await using b = await TestPeer.start('b', { clock, limits: patient })
    await using proxy = await TcpProxy.start(b.port)
    a.connect({ b: proxy.port })
    await Promise.all([a.connected('b'), a.connected('b', 'gossip')])
    a.transport.send('b', 'gossip', [Buffer.alloc(10_000_000)])
    while (b.received.length === 0) {
      const passed = proxy.nextPass('up')
      await Promise.race([passed, b.messages(1)])
      clock.advance(50)
    }
    expect([...a.progress, ...b.progress]).toEqual([])
  })
})

describe('a connection', () => {
  test('is made anew after it was cut', async () => {
    await using a = await TestPeer.start('a', { limits: impatient })
    await using b = await TestPeer.start('b')
    await using proxy = await TcpProxy.start(b.port)
    a.connect({ b: proxy.port })
    await a.connected('b')
    proxy.cut()
    await a.connected('b')
    a.say('b', 'again')
    expect(await b.messages(1)).toEqual(['again'])
    expect(a.transport.peerCounters().get('b')!.failures).toBeGreaterThan(0)
  })

  test('that is cut within a message hands out nothing of it', async () => {
    await using a = await TestPeer.start('a', { limits: impatient })
    await using b = await TestPeer.start('b')
    await using proxy = await TcpProxy.start(b.port)
    a.connect({ b: proxy.port })
    await a.connected('b')
    proxy.cutAfter('up', 1000)
    const cut = proxy.nextCut()
    a.say('b', 'x'.repeat(5000))
    await cut
    await a.connected('b')
    a.say('b', 'whole')
    expect(await b.messages(1)).toEqual(['whole'])
  })

  test('is tried again after pauses that grow', async () => {
    const clock = manualClock()
    let attempts = 0
    const lookup = failingLookup(() => `no answer to ${++attempts}`)
    const limits = { reconnectMsMax: 150 }
    await using a = await TestPeer.start('a', { clock, random: () => 1, lookup, limits })
    a.connect({ b: 'b.example:1' })
    // One attempt for each of the two channels.
    await a.until(() => a.problems.length === 2)
    for (const pauseMs of [50, 100, 150, 150]) {
      const before = attempts
      clock.advance(pauseMs - 1)
      expect(attempts).toBe(before)
      clock.advance(1)
      await a.until(() => a.problems.length === before + 2)
    }
  })

  test('that cannot be made for the same reason again is reported once', async () => {
    let attempts = 0
    const lookup = failingLookup(() => (++attempts <= 20 ? 'no such name' : `another ${attempts}`))
    await using a = await TestPeer.start('a', { lookup, limits: impatient })
    a.connect({ b: 'b.example:1' })
    await a.until(() => a.problems.some(({ message }) => message.includes('another')))
    const same = a.problems.filter(({ message }) => message.includes('no such name'))
    expect(same).toHaveLength(2)
    expect(same[0]).toMatchObject({ kind: 'unreachable', member: 'b', address: 'b.example:1' })
  })

  test('is given up when the other end says nothing', async () => {
    await using a = await TestPeer.start('a', { limits: impatient })
    await using b = await TestPeer.start('b')
    await using proxy = await TcpProxy.start(b.port)
    a.connect({ b: proxy.port })
    await a.connected('b')
    proxy.freeze()
    const { message } = await a.problem('unreachable')
    expect(message).toContain('said nothing for 100 ms')
  })

  test('is given up by the one who listens when nothing comes', async () => {
    await using a = await TestPeer.start('a')
    await using b = await TestPeer.start('b', { limits: impatient })
    await using proxy = await TcpProxy.start(b.port)
    a.connect({ b: proxy.port })
    await a.connected('b')
    proxy.freeze('up')
    await proxy.nextCut()
    expect((await a.problem('unreachable')).message).toContain('closed the connection')
  })

  test('stays while both ends have nothing to say', async () => {
    const clock = manualClock()
    await using a = await TestPeer.start('a', { clock })
    await using b = await TestPeer.start('b', { clock })
    await using proxy = await TcpProxy.start(b.port)
    const links: Record<Direction, number>[] = []
    proxy.onAccept((left) => {
      left.up = left.down = Number.MAX_SAFE_INTEGER
      links.push(left)
    })
    a.connect({ b: proxy.port })
    await Promise.all([a.connected('b'), a.connected('b', 'gossip')])
    for (let period = 0; period < 20; period++) {
      const before = links.map((link) => ({ ...link }))
      const quiet = ({ up, down }: (typeof links)[0], index: number) =>
        up === before[index]!.up || down === before[index]!.down
      clock.advance(500)
      while (links.some(quiet)) await Promise.race([proxy.nextPass('up'), proxy.nextPass('down')])
    }
    a.say('b', 'still the first')
    expect(await b.messages(1)).toEqual(['still the first'])
    expect(a.transport.peerCounters().get('b')).toMatchObject({ connects: 2, failures: 0 })
  })

  test('to a slow reader fills its own queue alone', async () => {
    const limits = { queueBytesMax: 1_000_000 }
    await using a = await TestPeer.start('a', { limits })
    await using b = await TestPeer.start('b')
    await using c = await TestPeer.start('c')
    await using proxy = await TcpProxy.start(b.port)
    a.connect({ b: proxy.port, c })
    await Promise.all([a.connected('b'), a.connected('c')])
    proxy.freeze('up')
    const message = Buffer.alloc(500_000)
    let taken = 0
    while (a.transport.send('b', 'replica', [message])) taken++
    expect(taken).toBeLessThan(100)
    expect(a.say('c', 'quick')).toBe(true)
    expect(await c.messages(1)).toEqual(['quick'])
  })

  test('goes to another address when discovery says so', async () => {
    await using a = await TestPeer.start('a')
    await using old = await TestPeer.start('b')
    await using now = await TestPeer.start('b')
    a.connect({ b: old })
    await a.connected('b')
    a.connect({ b: now })
    await a.connected('b')
    a.say('b', 'here')
    expect(await now.messages(1)).toEqual(['here'])
  })

  test('ends when discovery knows the member no more', async () => {
    await using a = await TestPeer.start('a')
    await using b = await TestPeer.start('b')
    a.connect({ b })
    await a.connected('b')
    a.connect({})
    expect(a.transport.connected('b', 'replica')).toBe(false)
    expect(a.say('b', 'gone')).toBe(false)
  })

  test('resolves the name anew at each attempt', async () => {
    await using b = await TestPeer.start('b')
    const asked: string[] = []
    // The first answer is an address at which nobody listens.
    const lookup = ((name, options, callback) => {
      asked.push(name)
      const address = asked.length <= 2 ? '127.1.2.3' : '127.0.0.1'
      if (options.all === true) callback(null, [{ address, family: 4 }])
      else callback(null, address, 4)
    }) as LookupFunction
    await using a = await TestPeer.start('a', { lookup, limits: impatient })
    a.connect({ b: `b.example:${b.port}` })
    await a.connected('b')
    expect(asked.length).toBeGreaterThan(2)
    expect(new Set(asked)).toEqual(new Set(['b.example']))
  })

  test('of a peer that came back replaces the one before', async () => {
    await using b = await TestPeer.start('b')
    await using proxy = await TcpProxy.start(b.port)
    await using before = await TestPeer.start('a')
    before.connect({ b: proxy.port })
    await Promise.all([before.connected('b'), before.connected('b', 'gossip')])
    const cut = proxy.nextCut()
    await using after = await TestPeer.start('a')
    after.connect({ b })
    await after.connected('b')
    await cut
    after.say('b', 'newer')
    expect(await b.messages(1)).toEqual(['newer'])
  })
})
