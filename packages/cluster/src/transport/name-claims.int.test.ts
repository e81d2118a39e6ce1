import { describe, expect, test } from 'vitest'
import { TcpProxy } from '../../../client/tests-support/tcp-proxy.js'
import { TestPeer } from '../../tests-support/peers.js'
import type { PeerTransportOptions } from './peer-settings.js'

const impatient = { reconnectMsMax: 10 }

/** One of the servers that call themselves `a`. */
const calledA = (process: string, options: Partial<PeerTransportOptions> = {}): Promise<TestPeer> =>
  TestPeer.start('a', {
    identity: {
      clusterId: 'c',
      member: 'a',
      storeId: `store of ${process}`,
      incarnation: process,
    },
    limits: impatient,
    ...options,
  })

const refusedBy = (peer: TestPeer): number => peer.transport.listenCounters().refused['name-taken']

describe('a server with the name of a member that is connected', () => {
  test('is refused and told why, and does not disturb the member, if that is in sync', async () => {
    const isInSync = (storeId: string): boolean => storeId === 'store of one'
    await using b = await TestPeer.start('b', { clusterId: 'c', isInSync })
    await using one = await calledA('one')
    one.connect({ b })
    await Promise.all([one.connected('b'), one.connected('b', 'gossip')])
    await using two = await calledA('two')
    two.connect({ b })
    const { message, member, address } = await two.problem('name-taken')
    expect({ member, address }).toEqual({ member: 'b', address: b.address })
    expect(message).toMatch(
      /^it says: Another server calls itself a, and is connected from 127\.0\.0\.1:\d+: give each/,
    )
    expect(two.transport.nameTaken).toMatchObject({ member: 'b', message })
    expect(two.say('b', 'refused')).toBe(false)
    one.say('b', 'as before')
    expect(await b.messages(1)).toEqual(['as before'])
    expect(one.transport.peerCounters().get('b')).toMatchObject({ connects: 2, failures: 0 })
    expect(one.transport.nameTaken).toBeUndefined()
  })

  test('tries again, which is told once at both ends', async () => {
    const isInSync = (storeId: string): boolean => storeId === 'store of one'
    await using b = await TestPeer.start('b', { isInSync })
    await using one = await calledA('one')
    one.connect({ b })
    await one.connected('b')
    await using two = await calledA('two')
    two.connect({ b })
    await expect.poll(() => refusedBy(b)).toBeGreaterThan(10)
    expect(b.problems).toMatchObject([{ kind: 'name-taken', member: 'a' }])
    // For each of its two connections.
    expect(two.problems.map(({ kind }) => kind)).toEqual(['name-taken', 'name-taken'])
  })

  test('takes its place once the member is gone', async () => {
    const isInSync = (storeId: string): boolean => storeId === 'store of one'
    await using b = await TestPeer.start('b', { isInSync })
    const one = await calledA('one')
    one.connect({ b })
    await one.connected('b')
    await using two = await calledA('two')
    two.connect({ b })
    await two.problem('name-taken')
    await one.transport.close()
    await Promise.all([two.connected('b'), two.connected('b', 'gossip')])
    expect(two.transport.nameTaken).toBeUndefined()
  })

  test('gives way to it, if nothing but their order tells them apart', async () => {
    await using b = await TestPeer.start('b')
    await using one = await calledA('one')
    one.connect({ b })
    await one.connected('b')
    await using two = await calledA('two')
    two.connect({ b })
    // It may be the same one, started again; that the other comes back says that it is not.
    await two.problem('name-taken')
    await expect.poll(() => one.transport.connected('b', 'replica')).toBe(true)
    await expect.poll(() => one.transport.connected('b', 'gossip')).toBe(true)
    const { connects } = one.transport.peerCounters().get('b')!
    const refused = refusedBy(b)
    await expect.poll(() => refusedBy(b)).toBeGreaterThan(refused + 10)
    expect(one.transport.peerCounters().get('b')!.connects).toBe(connects)
    expect(one.transport.nameTaken).toBeUndefined()
  })
})

describe('a member that was started again', () => {
  test.each([true, false])(
    'takes the place of its former connections at once; in sync: %s',
    async (inSync) => {
      await using b = await TestPeer.start('b', {
        isInSync: () => inSync,
        // It does not notice by itself that nobody is there any more.
        limits: { silenceMs: 1_000_000 },
      })
      await using proxy = await TcpProxy.start(b.port)
      const before = await calledA('one')
      before.connect({ b: proxy.port })
      await Promise.all([before.connected('b'), before.connected('b', 'gossip')])
      proxy.freeze()
      await before.transport.close()
      await using after = await calledA('one', {
        identity: {
          clusterId: 'c',
          member: 'a',
          storeId: 'store of one',
          incarnation: 'one, started again',
        },
      })
      after.connect({ b })
      await after.connected('b')
      after.say('b', 'back')
      await b.messages(1)
      expect(b.received[0]!.from.incarnation).toBe('one, started again')
      expect(after.problems).toEqual([])
    },
  )
})
