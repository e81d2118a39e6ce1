/** What members' connections go by. */
import { randomBytes } from 'node:crypto'
import type { LookupFunction } from 'node:net'
import { TLSSocket } from 'node:tls'
import { ArgumentError, type Clock, systemClock } from '@goethe/core'
import type { FrameConnectionOptions } from './frame-connection.js'
import type { HandshakeContext } from './handshake.js'
import { nonceBytes } from './hello.js'
import {
  type NameInCertificate,
  type PeerTlsFiles,
  certificateProblem,
  tlsBinding,
} from './peer-tls.js'
import type { PeerIdentity, PeerProblem } from './peer-transport.js'
import type { Socket } from 'node:net'

export interface PeerTransportOptions {
  /** This process. */
  readonly identity: PeerIdentity
  /**
   * Secrets of at least 16 bytes that all members share; 32 random ones are right. The first is
   * proven to others, each is accepted, so that one can be replaced while members run: add the new
   * one behind the old one everywhere, then put it first, then take the old one away.
   */
  readonly secrets?: readonly string[]
  /** Without it, a shared secret is needed, and whoever sees the network reads the events. */
  readonly tls?: PeerTlsFiles
  /** Default: the member's name. */
  readonly nameInCertificate?: NameInCertificate
  /** Called when the reason why a member is not connected changes, and for what others did wrong. */
  readonly onProblem?: (problem: PeerProblem) => void
  /**
   * Whether a store is in sync, as far as is known: of two processes of one name, it is the member.
   * Default: none is known to be.
   */
  readonly isInSync?: (storeId: string) => boolean
  readonly clock?: Clock
  /** From 0 to 1, for the pauses between attempts. */
  readonly random?: () => number
  /** Resolves names; default: that of the system, asked anew at each attempt. */
  readonly lookup?: LookupFunction
  readonly limits?: Partial<PeerLimits>
}

export interface PeerLimits {
  /** How often a peer is told that somebody is here, in milliseconds. Default 500. */
  readonly keepaliveMs: number
  /** So long may a peer say nothing before it counts as gone, in milliseconds. Default 2,000. */
  readonly silenceMs: number
  /** For finding and reaching a peer and the handshake, in milliseconds. Default 2,000. */
  readonly handshakeMs: number
  /** Longest pause between attempts to connect, in milliseconds. Default 1,000. */
  readonly reconnectMsMax: number
  /** Largest message, largest piece of bulk data, largest request. Default 64 MiB. */
  readonly messageBytesMax: number
  /** Bytes that may wait on a connection for a slow peer. Default 32 MiB. */
  readonly queueBytesMax: number
  /** Connections at once that have not yet said who they are; the oldest gives way. Default 64. */
  readonly strangersMax: number
  /** Requests for bulk data that are answered at once. Default 4. */
  readonly fetchesMax: number
  /** Requests of others that are carried out at once. Default 10,000. */
  readonly forwardsMax: number
}

export const defaultPeerLimits: PeerLimits = {
  keepaliveMs: 500,
  silenceMs: 2_000,
  handshakeMs: 2_000,
  reconnectMsMax: 1_000,
  messageBytesMax: 64 * 2 ** 20,
  queueBytesMax: 32 * 2 ** 20,
  strangersMax: 64,
  fetchesMax: 4,
  forwardsMax: 10_000,
}

const secretBytesMin = 16

/** The options with their defaults, and who this is by now. */
export class PeerSettings {
  readonly secrets: readonly string[]
  readonly clock: Clock
  readonly random: () => number
  readonly lookup: LookupFunction | undefined
  readonly limits: PeerLimits
  readonly onProblem: (problem: PeerProblem) => void
  readonly isInSync: (storeId: string) => boolean
  readonly #nameInCertificate: NameInCertificate
  #self: PeerIdentity
  #tls: PeerTlsFiles | undefined

  /** Throws ArgumentError where nothing would say who a peer is. */
  constructor(options: PeerTransportOptions) {
    const { identity, secrets = [], tls, nameInCertificate = (member: string) => member } = options
    if (secrets.length === 0 && tls === undefined) {
      throw new ArgumentError('Members need a shared secret or certificates to know each other')
    }
    if (secrets.some((secret) => Buffer.byteLength(secret) < secretBytesMin)) {
      throw new ArgumentError(
        `A secret that members share has at least ${secretBytesMin} bytes: make one at random`,
      )
    }
    this.#self = identity
    this.secrets = secrets
    this.#tls = tls
    this.#nameInCertificate = nameInCertificate
    this.clock = options.clock ?? systemClock()
    this.random = options.random ?? Math.random
    this.lookup = options.lookup
    this.limits = { ...defaultPeerLimits, ...options.limits }
    this.onProblem = options.onProblem ?? (() => {})
    this.isInSync = options.isInSync ?? (() => false)
  }

  get self(): PeerIdentity {
    return this.#self
  }

  setClusterId(clusterId: string): void {
    this.#self = { ...this.#self, clusterId }
  }

  get tls(): PeerTlsFiles | undefined {
    return this.#tls
  }

  setTls(tls: PeerTlsFiles): void {
    this.#tls = tls
  }

  get connection(): FrameConnectionOptions {
    return { clock: this.clock, ...this.limits }
  }

  /** For one connection whose TLS, if any, is established. */
  handshake(socket: Socket): HandshakeContext {
    const encrypted = socket instanceof TLSSocket ? socket : undefined
    return {
      self: this.#self,
      secrets: this.secrets,
      nonce: randomBytes(nonceBytes),
      binding: encrypted === undefined ? Buffer.alloc(0) : tlsBinding(encrypted),
      certificateProblem: (member) =>
        encrypted && certificateProblem(encrypted, member, this.#nameInCertificate),
    }
  }
}
