/**
 * How two members find out who they are to each other.
 *
 *     dialer     hello  ->
 *                       <-  hello   acceptor
 *     dialer     proof  ->
 *                       <-  proof   acceptor
 *
 * Proofs are empty where certificates alone say who somebody is. The acceptor proves nothing before
 * the dialer did, so that nobody without the secret gets anything to guess it from. Which clusters
 * the two belong to is compared at the end, when each knows that the other is who it says.
 */
import { FrameError } from './frame.js'
import { type Hello, type PeerPurpose, decodeHello, encodeHello } from './hello.js'
import { type PeerTranscript, proofOf, provenSecret } from './peer-proof.js'
import { PeerRefusal } from './peer-refusal.js'
import type { PeerIdentity } from './peer-transport.js'

export interface HandshakeContext {
  readonly self: PeerIdentity
  /** The first is the one to prove; each is taken as a proof. Empty: certificates do it. */
  readonly secrets: readonly string[]
  /** Fresh random bytes. */
  readonly nonce: Uint8Array
  /** See `PeerTranscript`. */
  readonly binding: Uint8Array
  /** Undefined when the other end's certificate, if it needs one, names this member. */
  certificateProblem(member: string): string | undefined
}

export class DialerHandshake {
  readonly #context: HandshakeContext
  readonly #to: string
  readonly hello: Buffer
  #transcript: PeerTranscript | undefined
  #peer: PeerIdentity | undefined

  constructor(context: HandshakeContext, to: string, purpose: PeerPurpose) {
    const { self, secrets, nonce } = context
    this.#context = context
    this.#to = to
    this.hello = encodeHello({ purpose, secret: secrets.length > 0, from: self, to, nonce })
  }

  /** Takes the acceptor's hello; returns the proof to send. Throws PeerRefusal or FrameError. */
  onHello(body: Buffer): Buffer {
    const { from, secret } = decodeHello(body)
    if (this.#transcript !== undefined) throw outOfTurn()
    if (from.member !== this.#to) throw wrongMember(this.#to, from.member)
    checkWays(this.#context, from.member, secret)
    this.#peer = from
    const { secrets, binding } = this.#context
    // The body is a view of what the socket read.
    const acceptorHello = Buffer.from(body)
    this.#transcript = { dialerHello: this.hello, acceptorHello, binding }
    return secrets.length === 0 ? noProof : proofOf(secrets[0]!, 'dialer', this.#transcript)
  }

  /** Takes the acceptor's proof; returns who it is. Throws PeerRefusal or FrameError. */
  onProof(body: Buffer): PeerIdentity {
    const { secrets, self } = this.#context
    if (this.#transcript === undefined || this.#peer === undefined) throw outOfTurn()
    // It knows which one was proven to it; any of them will do.
    if (secrets.length > 0) checkProof(secrets, 'acceptor', this.#transcript, body)
    checkCluster(self.clusterId, this.#peer)
    return this.#peer
  }
}

export class AcceptorHandshake {
  readonly #context: HandshakeContext
  #dialer: Hello | undefined
  #transcript: PeerTranscript | undefined

  constructor(context: HandshakeContext) {
    this.#context = context
  }

  /** Takes the dialer's hello; returns the one to send. Throws PeerRefusal or FrameError. */
  onHello(body: Buffer): Buffer {
    const { self, secrets, nonce, binding } = this.#context
    const dialer = decodeHello(body)
    if (this.#dialer !== undefined) throw outOfTurn()
    if (dialer.to !== self.member) throw wrongMember(dialer.to, self.member)
    checkWays(this.#context, dialer.from.member, dialer.secret)
    const acceptorHello = encodeHello({
      purpose: dialer.purpose,
      secret: secrets.length > 0,
      from: self,
      to: dialer.from.member,
      nonce,
    })
    this.#dialer = dialer
    this.#transcript = { dialerHello: Buffer.from(body), acceptorHello, binding }
    return acceptorHello
  }

  /**
   * Takes the dialer's proof; returns the one to send and who the dialer is. Throws PeerRefusal or
   * FrameError. Whether both are of one cluster is for `checkCluster` to say, after the proof is sent.
   */
  onProof(body: Buffer): { proof: Buffer; peer: PeerIdentity; purpose: PeerPurpose } {
    const { secrets } = this.#context
    if (this.#transcript === undefined || this.#dialer === undefined) throw outOfTurn()
    const { from: peer, purpose } = this.#dialer
    if (secrets.length === 0) return { proof: noProof, peer, purpose }
    const secret = checkProof(secrets, 'dialer', this.#transcript, body)
    return { proof: proofOf(secret, 'acceptor', this.#transcript), peer, purpose }
  }
}

/** Throws PeerRefusal when both know their cluster and it is not the same. */
export function checkCluster(clusterId: string | undefined, peer: PeerIdentity): void {
  const problem = clusterProblem(clusterId, peer)
  if (problem !== undefined) throw problem
}

/** What `checkCluster` throws. */
export function clusterProblem(
  clusterId: string | undefined,
  peer: PeerIdentity,
): PeerRefusal | undefined {
  if (clusterId === undefined || peer.clusterId === undefined) return undefined
  if (clusterId === peer.clusterId) return undefined
  return new PeerRefusal(
    'wrong-cluster',
    `Member ${peer.member} belongs to the cluster ${peer.clusterId}, this one to ${clusterId}: ` +
      `discovery or addresses mix up two clusters, or a data directory came from another one`,
  )
}

const noProof = Buffer.alloc(0)

/** Both must prove themselves in the same ways. */
function checkWays(context: HandshakeContext, member: string, secret: boolean): void {
  if (secret !== context.secrets.length > 0) {
    throw new PeerRefusal(
      'unauthenticated',
      `Member ${member} ${secret ? 'wants' : 'has no'} shared secret, and this one ` +
        `${secret ? 'has none' : 'wants one'}: give all members the same`,
    )
  }
  const problem = context.certificateProblem(member)
  if (problem !== undefined) throw new PeerRefusal('unauthenticated', problem)
}

function checkProof(
  secrets: readonly string[],
  role: 'dialer' | 'acceptor',
  transcript: PeerTranscript,
  proof: Uint8Array,
): string {
  const secret = provenSecret(secrets, role, transcript, proof)
  if (secret !== undefined) return secret
  throw new PeerRefusal(
    'unauthenticated',
    'The shared secret of the other end is not one of those here: give all members the same',
  )
}

function wrongMember(expected: string, found: string): PeerRefusal {
  return new PeerRefusal(
    'wrong-member',
    `The address of member ${expected} is that of member ${found}: look at discovery`,
  )
}

function outOfTurn(): FrameError {
  return new FrameError('A part of the handshake came out of turn')
}
