/** A connection that this process makes to a peer: resolved, connected, and who is there proven. */
import { type Socket, connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { GoetheError } from '@goethe/core'
import { type FrameKind, FrameError } from './frame.js'
import { FrameConnection } from './frame-connection.js'
import { DialerHandshake, checkCluster } from './handshake.js'
import { type PeerPurpose, encodeClusterId } from './hello.js'
import { parsePeerAddress } from './peer-address.js'
import { PeerRefusal, problemKindOf } from './peer-refusal.js'
import { decodeRefusal } from './peer-refuse-frame.js'
import type { PeerSettings } from './peer-settings.js'
import { tlsSettings } from './peer-tls.js'
import type { PeerIdentity, PeerProblem } from './peer-transport.js'

export interface DialedHandler {
  /** Frames can be sent now. */
  onReady(): void
  /** FrameError thrown by it closes the connection. */
  onFrame(kind: FrameKind, body: Buffer): void
  /** Called once, unless `end` was. */
  onEnd(problem: PeerProblem): void
}

export class DialedConnection {
  readonly #settings: PeerSettings
  readonly #to: string
  readonly #address: string
  readonly #handler: DialedHandler
  readonly #connection: FrameConnection
  readonly #stopTimer: () => void
  #handshake: DialerHandshake | undefined
  #peer: PeerIdentity | undefined
  /** The cluster's id that the other end was told. */
  #saidClusterId: string | undefined
  #wanted = true

  /** Throws ArgumentError for an address that is none. */
  constructor(
    settings: PeerSettings,
    to: string,
    address: string,
    purpose: PeerPurpose,
    handler: DialedHandler,
  ) {
    this.#settings = settings
    this.#to = to
    this.#address = address
    this.#handler = handler
    const socket = openSocket(settings, address)
    this.#connection = new FrameConnection(socket, settings.connection, {
      onFrame: (kind, body) => {
        this.#onFrame(kind, body)
      },
      onEnd: (error) => {
        this.#onEnd(error)
      },
    })
    const { handshakeMs } = settings.limits
    this.#stopTimer = settings.clock.setTimer(
      () => {
        this.#connection.end(new Error(`it was not reached within ${handshakeMs} ms`))
      },
      handshakeMs,
      'background',
    )
    socket.once(settings.tls === undefined ? 'connect' : 'secureConnect', () => {
      this.#attempt(() => {
        const context = settings.handshake(socket)
        this.#saidClusterId = context.self.clusterId
        this.#handshake = new DialerHandshake(context, to, purpose)
        this.#connection.send('hello', [this.#handshake.hello])
      })
    })
  }

  /** Undefined until it proved who it is. */
  get peer(): PeerIdentity | undefined {
    return this.#peer
  }

  get ready(): boolean {
    return this.#peer !== undefined && !this.#connection.ended
  }

  send(kind: FrameKind, parts: readonly Uint8Array[]): boolean {
    return this.ready && this.#connection.send(kind, parts)
  }

  pause(): void {
    this.#connection.pause()
  }

  resume(): void {
    this.#connection.resume()
  }

  /** To be called when this process has learned its cluster's id. */
  sayClusterId(): void {
    const { clusterId } = this.#settings.self
    if (!this.ready || clusterId === undefined || clusterId === this.#saidClusterId) return
    this.#saidClusterId = clusterId
    this.#attempt(() => {
      checkCluster(clusterId, this.#peer!)
      this.#connection.send('cluster', [encodeClusterId(clusterId)])
    })
  }

  /** Closes at once, without a word to the handler. */
  end(): void {
    this.#wanted = false
    this.#connection.end(new Error('it is not wanted any more'))
  }

  #onFrame(kind: FrameKind, body: Buffer): void {
    this.#attempt(() => {
      if (kind === 'refuse') throw decodeRefusal(body, this.#peer !== undefined)
      if (this.#peer === undefined) this.#onHandshake(kind, body)
      else this.#handler.onFrame(kind, body)
    })
  }

  #onHandshake(kind: FrameKind, body: Buffer): void {
    const handshake = this.#handshake
    if (kind === 'hello' && handshake !== undefined) {
      this.#connection.send('proof', [handshake.onHello(body)])
      return
    }
    if (kind !== 'proof' || handshake === undefined) {
      throw new FrameError(`A frame of kind ${kind} came before the handshake was done`)
    }
    this.#peer = handshake.onProof(body)
    this.#stopTimer()
    this.#connection.open(this.#settings.limits.messageBytesMax)
    this.sayClusterId()
    if (this.ready) this.#handler.onReady()
  }

  /** What is thrown ends the connection, unless it is a defect. */
  #attempt(act: () => void): void {
    try {
      act()
    } catch (error) {
      if (!(error instanceof FrameError || error instanceof PeerRefusal)) throw error
      this.#connection.end(error)
    }
  }

  #onEnd(error: Error): void {
    this.#stopTimer()
    if (!this.#wanted) return
    this.#wanted = false
    const kind = problemKindOf(error)
    // A certificate that is refused, for one, shows here as no more than an end.
    const isSaid = error instanceof PeerRefusal
    const midway = !isSaid && this.#handshake !== undefined && this.#peer === undefined
    const reason = describe(error) + (midway ? ' before it was known who is there' : '')
    this.#handler.onEnd({
      kind,
      member: this.#to,
      address: this.#address,
      message:
        kind === 'unreachable'
          ? `Member ${this.#to} is not connected at ${this.#address}: ${reason}`
          : reason,
    })
  }
}

function openSocket(settings: PeerSettings, address: string): Socket {
  const { host, port } = parsePeerAddress(address)
  const { tls, lookup } = settings
  const options = { host, port, noDelay: true, ...(lookup !== undefined && { lookup }) }
  const socket =
    tls === undefined ? connectTcp(options) : connectTls({ ...options, ...tlsSettings(tls) })
  socket.setNoDelay(true)
  return socket
}

/** Attempts at several addresses of one name fail with an error that has no message of its own. */
function describe(error: Error): string {
  const { errors } = error as { errors?: Error[] }
  return errors?.map(({ message }) => message).join(', ') ?? error.message
}

/** The error for what could not be asked of a peer. */
export function unavailable({ kind, message }: PeerProblem): GoetheError {
  const code = kind === 'unauthenticated' ? 'GOETHE_UNAUTHENTICATED' : 'GOETHE_UNAVAILABLE'
  return new GoetheError(code, message)
}
