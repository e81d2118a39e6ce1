import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  AcceptorHandshake,
  DialerHandshake,
  type HandshakeContext,
  checkCluster,
} from './handshake.js'

const secret = 'a secret of enough bytes'

function member(name: string, options: Partial<HandshakeContext> = {}): HandshakeContext {
  return {
    self: {
      clusterId: 'c1',
      member: name,
      storeId: `store of ${name}`,
      incarnation: `run of ${name}`,
    },
    secrets: [secret],
    nonce: randomBytes(32),
    binding: Buffer.alloc(0),
    certificateProblem: () => undefined,
    ...options,
  }
}

function shake(dialing: HandshakeContext, accepting: HandshakeContext, to = accepting.self.member) {
  const dialer = new DialerHandshake(dialing, to, 'gossip')
  const acceptor = new AcceptorHandshake(accepting)
  const proof = dialer.onHello(acceptor.onHello(dialer.hello))
  const accepted = acceptor.onProof(proof)
  return { accepted, dialed: dialer.onProof(accepted.proof) }
}

const refusal = (kind: string) => expect.objectContaining({ name: 'PeerRefusal', kind }) as Error

describe('a handshake', () => {
  test('tells both who the other is, and what the connection is for', () => {
    const [a, b] = [member('a'), member('b')]
    const { accepted, dialed } = shake(a, b)
    expect(dialed).toEqual(b.self)
    expect(accepted).toMatchObject({ peer: a.self, purpose: 'gossip' })
  })

  test('without secrets has nothing to prove', () => {
    const { accepted } = shake(member('a', { secrets: [] }), member('b', { secrets: [] }))
    expect(accepted.proof).toHaveLength(0)
  })

  test('fails between different secrets', () => {
    const other = member('b', { secrets: ['another secret of enough bytes'] })
    expect(() => shake(member('a'), other)).toThrow(refusal('unauthenticated'))
  })

  test('works both ways while a secret is replaced', () => {
    const next = 'the next secret of enough bytes'
    const stages = [[secret], [secret, next], [next, secret], [next]]
    for (const [index, secrets] of stages.slice(1).entries()) {
      const [newer, older] = [member('a', { secrets }), member('b', { secrets: stages[index]! })]
      expect(shake(newer, older).dialed.member).toBe('b')
      expect(shake(older, newer).dialed.member).toBe('a')
    }
  })

  test('fails where only one wants a secret', () => {
    expect(() => shake(member('a', { secrets: [] }), member('b'))).toThrow(
      refusal('unauthenticated'),
    )
    expect(() => shake(member('a'), member('b', { secrets: [] }))).toThrow(
      refusal('unauthenticated'),
    )
  })

  test('fails for a certificate that names somebody else', () => {
    const certificateProblem = () => 'it names somebody else'
    expect(() => shake(member('a', { certificateProblem }), member('b'))).toThrow(
      refusal('unauthenticated'),
    )
    expect(() => shake(member('a'), member('b', { certificateProblem }))).toThrow(
      refusal('unauthenticated'),
    )
  })

  test('fails where another member answers', () => {
    expect(() => shake(member('a'), member('b'), 'c')).toThrow(refusal('wrong-member'))
  })

  test('fails on a connection other than the one a proof was made for', () => {
    const between = member('b', { binding: Buffer.from('another TLS connection') })
    expect(() => shake(member('a'), between)).toThrow(refusal('unauthenticated'))
  })

  test('takes no proof that was recorded', () => {
    const a = member('a')
    const dialer = new DialerHandshake(a, 'b', 'replica')
    const acceptor = new AcceptorHandshake(member('b'))
    const recorded = dialer.onHello(acceptor.onHello(dialer.hello))
    const later = new AcceptorHandshake(member('b'))
    later.onHello(dialer.hello)
    expect(() => later.onProof(recorded)).toThrow(refusal('unauthenticated'))
  })

  test('takes not its own proof from a mirror', () => {
    const dialer = new DialerHandshake(member('a'), 'b', 'replica')
    const proof = dialer.onHello(new AcceptorHandshake(member('b')).onHello(dialer.hello))
    expect(() => dialer.onProof(proof)).toThrow(refusal('unauthenticated'))
  })

  test('takes nothing out of turn', () => {
    const acceptor = new AcceptorHandshake(member('b'))
    expect(() => acceptor.onProof(Buffer.alloc(32))).toThrow('out of turn')
    const { hello } = new DialerHandshake(member('a'), 'b', 'replica')
    acceptor.onHello(hello)
    expect(() => acceptor.onHello(hello)).toThrow('out of turn')
  })

  test('with another version says what to do', () => {
    const { hello } = new DialerHandshake(member('a'), 'b', 'replica')
    hello[4] = 9
    expect(() => new AcceptorHandshake(member('b')).onHello(hello)).toThrow(refusal('version'))
  })
})

describe('the clusters of two members', () => {
  const peer = member('a').self

  test('must be the same', () => {
    expect(() => {
      checkCluster('c2', peer)
    }).toThrow(refusal('wrong-cluster'))
    expect(() => {
      checkCluster('c1', peer)
    }).not.toThrow()
  })

  test('may be unknown to one of them', () => {
    expect(() => {
      checkCluster(undefined, peer)
      checkCluster('c2', { ...peer, clusterId: undefined })
    }).not.toThrow()
  })
})
