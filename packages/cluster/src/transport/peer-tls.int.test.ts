import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestAuthority } from '../../../server/tests-support/certificates.js'
import { TestPeer, sharedSecret } from '../../tests-support/peers.js'
import type { PeerTlsFiles } from './peer-tls.js'

let folder: string
let authority: TestAuthority
let stranger: TestAuthority

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goethe-peer-tls-'))
  authority = await TestAuthority.create(folder)
  stranger = await TestAuthority.create(folder, 'stranger')
})

afterAll(() => rm(folder, { recursive: true }))

async function files(name: string, signedBy = authority): Promise<PeerTlsFiles> {
  const { cert, key } = await signedBy.sign(`member of ${name}`, name)
  return { ca: authority.cert, cert, key }
}

describe('members with certificates', () => {
  test('know each other by them', async () => {
    await using a = await TestPeer.start('a', { tls: await files('a') })
    await using b = await TestPeer.start('b', { tls: await files('b') })
    a.connect({ b })
    await a.connected('b')
    const large = Buffer.alloc(2_000_000, 'x')
    a.transport.send('b', 'replica', [large])
    a.say('b', 'small')
    const [first, second] = await b.messages(2)
    expect(first === large.toString()).toBe(true)
    expect(second).toBe('small')
  })

  test('may have to know the secret too', async () => {
    const secrets = [sharedSecret]
    await using a = await TestPeer.start('a', { tls: await files('a'), secrets })
    await using b = await TestPeer.start('b', { tls: await files('b'), secrets })
    await using c = await TestPeer.start('c', { tls: await files('c') })
    a.connect({ b, c })
    await a.connected('b')
    expect((await a.problem('unauthenticated')).message).toContain('give all members the same')
    expect(a.transport.connected('c', 'replica')).toBe(false)
  })

  test('may have names of a domain', async () => {
    const nameInCertificate = (member: string) => `${member}.goethe.default.svc`
    const wildcard = await files('*.goethe.default.svc')
    await using a = await TestPeer.start('a', { tls: wildcard, nameInCertificate })
    await using b = await TestPeer.start('b', {
      tls: await files('b.goethe.default.svc'),
      nameInCertificate,
    })
    a.connect({ b })
    await a.connected('b')
    expect(a.say('b', 'hello')).toBe(true)
    expect(await b.messages(1)).toEqual(['hello'])
  })

  test('that name somebody else are refused by the one who connects', async () => {
    await using a = await TestPeer.start('a', { tls: await files('a') })
    await using b = await TestPeer.start('b', { tls: await files('x') })
    a.connect({ b })
    expect((await a.problem('unauthenticated')).message).toContain("does not name 'b'")
  })

  test('that name somebody else are refused by the one who listens', async () => {
    await using a = await TestPeer.start('a', { tls: await files('x') })
    await using b = await TestPeer.start('b', { tls: await files('b') })
    a.connect({ b })
    expect((await b.problem('unauthenticated')).message).toContain("does not name 'a'")
    expect((await a.problem('unauthenticated')).message).toContain('it says:')
  })

  test('may be any member where names are not looked at', async () => {
    const nameInCertificate = false
    await using a = await TestPeer.start('a', { tls: await files('x'), nameInCertificate })
    await using b = await TestPeer.start('b', { tls: await files('x'), nameInCertificate })
    a.connect({ b })
    await a.connected('b')
    expect(a.transport.connected('b', 'replica')).toBe(true)
  })

  test('of another authority are refused by the one who listens', async () => {
    await using a = await TestPeer.start('a', { tls: await files('a', stranger) })
    await using b = await TestPeer.start('b', { tls: await files('b') })
    a.connect({ b })
    expect((await b.problem('unauthenticated')).message).toContain('TLS')
    expect((await a.problem('unreachable')).member).toBe('b')
    expect(b.transport.peerCounters().size).toBe(0)
  })

  test('of another authority are refused by the one who connects', async () => {
    await using a = await TestPeer.start('a', { tls: await files('a', stranger) })
    await using b = await TestPeer.start('b', { tls: await files('b') })
    b.connect({ a })
    expect((await b.problem('unauthenticated')).member).toBe('a')
  })

  test('do not talk to those without', async () => {
    await using a = await TestPeer.start('a')
    await using b = await TestPeer.start('b', { tls: await files('b') })
    a.connect({ b })
    await a.problem('unreachable')
    expect(a.say('b', 'in the clear')).toBe(false)
  })

  test('go on when certificates are renewed, also by another authority', async () => {
    const next = await TestAuthority.create(await mkdtemp(join(folder, 'next-')))
    const renewed = async (name: string) => ({ ...(await files(name, next)), ca: next.cert })
    await using a = await TestPeer.start('a', { tls: await files('a') })
    await using b = await TestPeer.start('b', { tls: await files('b') })
    a.connect({ b })
    await a.connected('b')
    a.transport.setTls(await renewed('a'))
    b.transport.setTls(await renewed('b'))
    a.say('b', 'as before')
    await b.messages(1)
    a.connect({})
    a.connect({ b })
    await a.connected('b')
    a.say('b', 'with the new ones')
    expect(await b.messages(2)).toEqual(['as before', 'with the new ones'])
    await using c = await TestPeer.start('c', { tls: await files('c') })
    c.connect({ b })
    expect((await c.problem('unauthenticated')).member).toBe('b')
  })

  test('keep the one they have where the new one is none', async () => {
    await using a = await TestPeer.start('a', { tls: await files('a') })
    await using b = await TestPeer.start('b', { tls: await files('b') })
    const broken = { ...(await files('b')), cert: 'no certificate' }
    expect(() => {
      b.transport.setTls(broken)
    }).toThrow('PEM')
    a.connect({ b })
    await a.connected('b')
    expect(a.transport.connected('b', 'replica')).toBe(true)
  })

  test('wait for TLS no longer than for a handshake', async () => {
    await using b = await TestPeer.start('b', {
      tls: await files('b'),
      limits: { handshakeMs: 20 },
    })
    const socket = connect(b.port, '127.0.0.1').resume()
    await once(socket, 'close')
    expect((await b.problem('unauthenticated')).message).toContain('ERR_TLS_HANDSHAKE_TIMEOUT')
  })

  test('fetch over TLS', async () => {
    await using a = await TestPeer.start('a', { tls: await files('a') })
    await using b = await TestPeer.start('b', { tls: await files('b') })
    b.transport.onFetch(async function* () {
      for (let index = 0; index < 20; index++) yield Buffer.alloc(100_000, index)
    })
    a.connect({ b })
    let bytes = 0
    for await (const chunk of a.transport.fetch('b', Buffer.of(1))) bytes += chunk.length
    expect(bytes).toBe(2_000_000)
  })
})
