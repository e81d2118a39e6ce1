/** A connection that a peer made, from its first byte on. */
import type { Socket } from 'node:net'
import { type FrameKind, FrameError } from './frame.js'
import { FrameConnection } from './frame-connection.js'
import { AcceptorHandshake, checkCluster, clusterProblem } from './handshake.js'
import { type PeerPurpose, decodeClusterId } from './hello.js'
import { PeerRefusal } from './peer-refusal.js'
import { encodeRefusal } from './peer-refuse-frame.js'
import type { PeerSettings } from './peer-settings.js'
import type { PeerIdentity } from './peer-transport.js'

export interface AcceptedHandler {
  /** Why one that proved who it is, and belongs to no other cluster, is refused, if it is. */
  refusalOf(peer: PeerIdentity): PeerRefusal | undefined
  /** Somebody proved who they are. */
  onPeer(connection: AcceptedConnection, purpose: PeerPurpose): void
  /** FrameError and PeerRefusal thrown by it close the connection. */
  onFrame(connection: AcceptedConnection, kind: FrameKind, body: Buffer): void
  /** A frame of a peer takes long to come, and more of it has come. */
  onReceiving(connection: AcceptedConnection): void
  onEnd(connection: AcceptedConnection, error: Error): void
}

export class AcceptedConnection {
  readonly #settings: PeerSettings
  readonly #handler: AcceptedHandler
  readonly #connection: FrameConnection
  readonly #handshake: AcceptorHandshake
  readonly #stopTimer: () => void
  readonly address: string
  #peer: PeerIdentity | undefined

  constructor(settings: PeerSettings, socket: Socket, handler: AcceptedHandler) {
    this.#settings = settings
    this.#handler = handler
    this.#connection = new FrameConnection(socket, settings.connection, {
      onFrame: (kind, body) => {
        this.#attempt(() => {
          this.#onFrame(kind, body)
        })
      },
      onReceiving: () => {
        if (this.#peer !== undefined) handler.onReceiving(this)
      },
      onEnd: (error) => {
        this.#stopTimer()
        handler.onEnd(this, error)
      },
    })
    this.address = this.#connection.address
    this.#handshake = new AcceptorHandshake(settings.handshake(socket))
    const { handshakeMs } = settings.limits
    this.#stopTimer = settings.clock.setTimer(
      () => {
        this.refuse(
          new PeerRefusal('unauthenticated', `No handshake was done within ${handshakeMs} ms`),
        )
      },
      handshakeMs,
      'background',
    )
  }

  /** Undefined until it proved who it is. */
  get peer(): PeerIdentity | undefined {
    return this.#peer
  }

  get ended(): boolean {
    return this.#connection.ended
  }

  send(kind: FrameKind, parts: readonly Uint8Array[]): boolean {
    return this.#connection.send(kind, parts)
  }

  /** See `FrameConnection`. */
  drained(aheadBytes: number): Promise<void> {
    return this.#connection.drained(aheadBytes)
  }

  /** To be called when this process has learned its cluster's id. The other end does the same. */
  compareClusters(): void {
    this.#attempt(() => {
      if (this.#peer !== undefined) checkCluster(this.#settings.self.clusterId, this.#peer)
    })
  }

  /** Says why, and closes. */
  refuse(refusal: PeerRefusal): void {
    this.#connection.send('refuse', [encodeRefusal(refusal)])
    this.#connection.finish(refusal)
  }

  end(error: Error): void {
    this.#connection.end(error)
  }

  #onFrame(kind: FrameKind, body: Buffer): void {
    if (this.#peer === undefined) this.#onHandshake(kind, body)
    else if (kind === 'cluster') this.#onCluster(body)
    else this.#handler.onFrame(this, kind, body)
  }

  #onHandshake(kind: FrameKind, body: Buffer): void {
    if (kind === 'hello') {
      this.#connection.send('hello', [this.#handshake.onHello(body)])
      return
    }
    if (kind !== 'proof') {
      throw new FrameError(`A frame of kind ${kind} came before the handshake was done`)
    }
    const { proof, peer, purpose } = this.#handshake.onProof(body)
    this.#stopTimer()
    this.#peer = peer
    const isForeign = clusterProblem(this.#settings.self.clusterId, peer) !== undefined
    const refusal = isForeign ? undefined : this.#handler.refusalOf(peer)
    // The other end takes itself for connected once it has the proof.
    if (refusal !== undefined) throw refusal
    // Sent to one of another cluster, too, so that it can believe what it hears of that.
    this.#connection.send('proof', [proof])
    checkCluster(this.#settings.self.clusterId, peer)
    this.#connection.open(this.#settings.limits.messageBytesMax)
    this.#handler.onPeer(this, purpose)
  }

  #onCluster(body: Buffer): void {
    this.#peer = { ...this.#peer!, clusterId: decodeClusterId(body) }
    checkCluster(this.#settings.self.clusterId, this.#peer)
  }

  /** What is thrown ends the connection, unless it is a defect. */
  #attempt(act: () => void): void {
    try {
      act()
    } catch (error) {
      if (error instanceof PeerRefusal) this.refuse(error)
      else if (error instanceof FrameError) this.#connection.end(error)
      else throw error
    }
  }
}
