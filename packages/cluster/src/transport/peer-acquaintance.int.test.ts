import type { LookupFunction } from 'node:net'
import { manualClock } from '@goethe/core/testing'
import { describe, expect, test } from 'vitest'
import { TestPeer, sharedSecret } from '../../tests-support/peers.js'
import { TcpPeerTransport } from './tcp-peer-transport.js'

describe('members', () => {
  test('of different clusters refuse each other, and do not try again', async () => {
    const clock = manualClock()
    let attempts = 0
    const lookup = ((_name, options, callback) => {
      attempts++
      if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
      else callback(null, '127.0.0.1', 4)
    }) as LookupFunction
    await using a = await TestPeer.start('a', { clusterId: 'c1', clock, lookup })
    await using b = await TestPeer.start('b', { clusterId: 'c2' })
    a.connect({ b: `b.example:${b.port}` })
    const { message, member } = await a.problem('wrong-cluster')
    expect(message).toContain('belongs to the cluster c2, this one to c1')
    expect(member).toBe('b')
    await a.until(() => a.problems.length === 2)
    clock.advance(3_600_000)
    expect(attempts).toBe(2)
    expect(b.transport.listenCounters().refused['wrong-cluster']).toBe(2)
    // The same of both connections.
    expect(b.problems).toHaveLength(1)
  })

  test('may learn their cluster while they are connected', async () => {
    await using a = await TestPeer.start('a')
    await using b = await TestPeer.start('b')
    a.connect({ b })
    await a.connected('b')
    a.transport.setClusterId('c')
    a.say('b', 'now one of c')
    await b.messages(1)
    expect(b.received[0]!.from.clusterId).toBe('c')
    b.transport.setClusterId('c')
    a.say('b', 'as you are')
    await b.messages(2)
    expect(a.problems).toEqual([])
  })

  test.each(['a first', 'b first'])('that learn of different clusters part: %s', async (order) => {
    await using a = await TestPeer.start('a')
    await using b = await TestPeer.start('b')
    a.connect({ b })
    await a.connected('b')
    if (order === 'a first') a.transport.setClusterId('c1')
    b.transport.setClusterId('c2')
    if (order === 'b first') a.transport.setClusterId('c1')
    await a.problem('wrong-cluster')
    expect(a.say('b', 'refused')).toBe(false)
    expect(b.received).toEqual([])
  })

  test('that learn of another cluster than a peer has told them part', async () => {
    await using a = await TestPeer.start('a', { clusterId: 'c1' })
    await using b = await TestPeer.start('b')
    a.connect({ b })
    await Promise.all([a.connected('b'), a.connected('b', 'gossip')])
    a.say('b', 'before')
    a.say('b', 'before', 'gossip')
    await b.messages(2)
    b.transport.setClusterId('c2')
    expect((await a.problem('wrong-cluster')).message).toContain('it says: Member a belongs to')
  })

  test('with different secrets refuse each other', async () => {
    await using a = await TestPeer.start('a', { secrets: ['one secret of enough bytes'] })
    await using b = await TestPeer.start('b', { secrets: ['two secrets of enough bytes'] })
    a.connect({ b })
    expect((await a.problem('unauthenticated')).message).toContain('shared secret')
    await b.problem('unauthenticated')
    expect(b.transport.peerCounters().size).toBe(0)
  })

  test('at the address of another are not taken for it', async () => {
    await using a = await TestPeer.start('a')
    await using b = await TestPeer.start('b')
    a.connect({ c: b })
    expect((await a.problem('wrong-member')).message).toContain(
      'The address of member c is that of member b',
    )
  })

  test('need something by which to know each other', () => {
    const identity = { clusterId: undefined, member: 'a', storeId: 's', incarnation: 'i' }
    expect(() => new TcpPeerTransport({ identity })).toThrow('shared secret or certificates')
    expect(() => new TcpPeerTransport({ identity, secrets: ['short'] })).toThrow('16 bytes')
  })

  test('cannot have an address that is none', async () => {
    await using a = await TestPeer.start('a')
    for (const address of ['b', 'b:', 'b:70000', 'b:1:2', '[::1', 'http://b:1']) {
      expect(() => {
        a.connect({ b: address })
      }).toThrow("'host:port'")
    }
  })

  test('cannot listen where another does', async () => {
    await using a = await TestPeer.start('a')
    const identity = { clusterId: undefined, member: 'b', storeId: 's', incarnation: 'i' }
    await using transport = new TcpPeerTransport({ identity, secrets: [sharedSecret] })
    const again = transport.listen({ host: '127.0.0.1', port: a.port })
    await expect(again).rejects.toMatchObject({ code: 'GOETHE_UNAVAILABLE' })
  })
})
