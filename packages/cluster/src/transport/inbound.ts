/** What peers that proved who they are say: messages, requests, and those for bulk data. */
import { isGoetheError } from '@goethe/core'
import type { AcceptedConnection, AcceptedHandler } from './accepted-connection.js'
import type { CountersByPeer } from './counters-by-peer.js'
import type { FetchServer } from './fetch-server.js'
import type { ForwardServer } from './forward-server.js'
import { type FrameKind, FrameError } from './frame.js'
import type { PeerPurpose } from './hello.js'
import { NameClaims } from './name-claims.js'
import { PeerRefusal } from './peer-refusal.js'
import type { PeerSettings } from './peer-settings.js'
import type {
  PeerChannel,
  PeerIdentity,
  PeerMessageHandler,
  PeerProgressHandler,
} from './peer-transport.js'

export class Inbound implements AcceptedHandler {
  handler: PeerMessageHandler | undefined
  progress: PeerProgressHandler | undefined
  readonly #counters: CountersByPeer
  readonly #fetches: FetchServer
  readonly #forwards: ForwardServer
  readonly #purposes = new Map<AcceptedConnection, PeerPurpose>()
  /** Of each member and channel the newest one, so that nothing older comes after it. */
  readonly #newest = new Map<string, AcceptedConnection>()
  readonly #names: NameClaims

  constructor(
    settings: PeerSettings,
    counters: CountersByPeer,
    fetches: FetchServer,
    forwards: ForwardServer,
  ) {
    this.#names = new NameClaims((storeId) => settings.isInSync(storeId))
    this.#counters = counters
    this.#fetches = fetches
    this.#forwards = forwards
  }

  readonly refusalOf = (peer: PeerIdentity): PeerRefusal | undefined => this.#names.refusalOf(peer)

  readonly onPeer = (connection: AcceptedConnection, purpose: PeerPurpose): void => {
    this.#purposes.set(connection, purpose)
    if (purpose === 'fetch' || purpose === 'forward') return
    this.#names.claim(connection, connection.peer!)
    const key = keyOf(connection, purpose)
    const older = this.#newest.get(key)
    this.#newest.set(key, connection)
    older?.end(new Error('the peer has connected anew'))
  }

  readonly onFrame = (connection: AcceptedConnection, kind: FrameKind, body: Buffer): void => {
    const purpose = this.#purposes.get(connection)!
    if (purpose === 'fetch') return this.#fetches.onFrame(connection, kind, body)
    if (purpose === 'forward') return this.#forwards.onFrame(connection, kind, body)
    if (kind !== 'message') {
      throw new FrameError(`A frame of kind ${kind} came where messages are expected`)
    }
    this.#onMessage(connection, purpose, body)
  }

  /** Both ends are told: entries take the longest, and who sends them waits for an answer. */
  readonly onReceiving = (connection: AcceptedConnection): void => {
    if (this.#purposes.get(connection) !== 'replica') return
    connection.send('receiving', [])
    this.progress?.(connection.peer!, 'sends')
  }

  readonly onEnd = (connection: AcceptedConnection): void => {
    const purpose = this.#purposes.get(connection)
    if (purpose === undefined) return
    this.#purposes.delete(connection)
    if (purpose === 'fetch') return this.#fetches.onEnd(connection)
    if (purpose === 'forward') return this.#forwards.onEnd(connection)
    this.#names.ended(connection, connection.peer!)
    const key = keyOf(connection, purpose)
    if (this.#newest.get(key) === connection) this.#newest.delete(key)
  }

  /** To be called when this process has learned its cluster's id. */
  compareClusters(): void {
    for (const connection of [...this.#purposes.keys()]) connection.compareClusters()
  }

  #onMessage(connection: AcceptedConnection, channel: PeerChannel, body: Buffer): void {
    const peer = connection.peer!
    const counters = this.#counters.of(peer.member)
    counters.messagesReceived++
    counters.bytesReceived += body.length
    try {
      this.handler?.(peer, channel, body)
    } catch (error) {
      if (isGoetheError(error, 'GOETHE_CORRUPT')) throw new FrameError(error.message)
      if (isGoetheError(error, 'GOETHE_FORMAT')) throw new PeerRefusal('version', error.message)
      if (isGoetheError(error, 'GOETHE_UNAUTHENTICATED')) {
        throw new PeerRefusal('unauthenticated', error.message)
      }
      throw error
    }
  }
}

function keyOf({ peer }: AcceptedConnection, channel: PeerChannel): string {
  return `${channel} ${peer!.member}`
}
