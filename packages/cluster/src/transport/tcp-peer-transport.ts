/**
 * Members' traffic over TCP or TLS, with frames of its own.
 *
 * A member makes the connections over which it sends, one for each peer and channel, and messages go
 * one way on each. So it is clear who reconnects, no two that connect to each other at once have to
 * agree on one of both, and a network that carries one direction only shows as just that. Gossip has
 * a connection of its own, so that it does not wait behind entries; so has each bulk transfer, and so
 * have requests that another member is to carry out, all of them one together.
 *
 * Frames rather than gRPC streams, measured between two processes on one machine, with a checksum:
 * a round trip of 100 bytes takes 18 us at the median against 30 us, one of 10 KiB 24 us against
 * 36 us; a message of 10 KiB costs 18 us of CPU against 43 us. With messages of 1 MiB both come to
 * 340 to 630 MB/s on two cores, by what else these do, once the system's buffers have grown, and
 * grpc-js grows them sooner. Writes wait for that round trip, so it decides; besides, limits,
 * backpressure, and when a connection counts as lost are ours to say. TLS adds 8 us to the round trip.
 */
import { type AbortSignalLike, ArgumentError, GoetheError, assert } from '@goethe/core'
import { FetchClient, fetchClosedError } from './fetch-client.js'
import { FetchServer } from './fetch-server.js'
import { ForwardClient, forwardClosedError } from './forward-client.js'
import { forwardOverheadBytes } from './forward-frames.js'
import { ForwardServer } from './forward-server.js'
import { Inbound } from './inbound.js'
import { parsePeerAddress } from './peer-address.js'
import { CountersByPeer } from './counters-by-peer.js'
import { PeerLink } from './peer-link.js'
import { PeerListener } from './peer-listener.js'
import { PeerSettings, type PeerTransportOptions } from './peer-settings.js'
import type { PeerTlsFiles } from './peer-tls.js'
import {
  type FetchHandler,
  type ForwardHandler,
  type ListenCounters,
  type PeerChannel,
  type PeerCounters,
  type PeerMessageHandler,
  type PeerProblem,
  type PeerProgressHandler,
  type PeerTransport,
  peerChannels,
} from './peer-transport.js'

type Links = Readonly<Record<PeerChannel, PeerLink>>

export class TcpPeerTransport implements PeerTransport {
  readonly #settings: PeerSettings
  readonly #listener: PeerListener
  readonly #counters = new CountersByPeer()
  readonly #links = new Map<string, Links>()
  readonly #inbound: Inbound
  readonly #fetchClient: FetchClient
  readonly #fetchServer: FetchServer
  readonly #forwardClient: ForwardClient
  readonly #forwardServer: ForwardServer
  #onConnected: ((member: string, channel: PeerChannel) => void) | undefined
  #onProgress: PeerProgressHandler | undefined
  #closed: Promise<void> | undefined

  /** Throws ArgumentError for options that are wrong. */
  constructor(options: PeerTransportOptions) {
    const settings = new PeerSettings(options)
    this.#settings = settings
    this.#fetchServer = new FetchServer(settings.limits)
    this.#forwardServer = new ForwardServer(settings.limits)
    this.#inbound = new Inbound(settings, this.#counters, this.#fetchServer, this.#forwardServer)
    this.#fetchClient = new FetchClient(settings)
    this.#forwardClient = new ForwardClient(settings)
    this.#listener = new PeerListener(settings, this.#inbound)
  }

  listen(address: { host: string; port: number }): Promise<{ host: string; port: number }> {
    return this.#listener.listen(address)
  }

  setClusterId(clusterId: string): void {
    const known = this.#settings.self.clusterId
    if (known === clusterId) return
    assert(known === undefined, `a store of the cluster ${known} joins no other one`)
    this.#settings.setClusterId(clusterId)
    for (const links of this.#links.values()) {
      for (const channel of peerChannels) links[channel].sayClusterId()
    }
    this.#inbound.compareClusters()
  }

  /**
   * Takes a certificate that was renewed: connections from now on are made with it, those that there
   * are stay. Throws what node:tls does for files that are no certificate with its key.
   */
  setTls(files: PeerTlsFiles): void {
    this.#listener.setTls(files)
    this.#settings.setTls(files)
  }

  peers(addresses: ReadonlyMap<string, string>): void {
    if (this.#closed !== undefined) return
    for (const address of addresses.values()) parsePeerAddress(address)
    for (const [member, links] of this.#links) {
      if (addresses.get(member) === links.replica.address) continue
      stop(links)
      this.#links.delete(member)
    }
    for (const [member, address] of addresses) {
      if (member === this.#settings.self.member || this.#links.has(member)) continue
      this.#links.set(member, this.#connect(member, address))
    }
  }

  send(to: string, channel: PeerChannel, parts: readonly Uint8Array[]): boolean {
    let bytes = 0
    for (const part of parts) bytes += part.length
    this.#checkSize('message', to, bytes, this.#settings.limits.messageBytesMax)
    const counters = this.#counters.of(to)
    if (this.#links.get(to)?.[channel].send(parts) !== true) {
      counters.messagesDropped++
      return false
    }
    counters.messagesSent++
    counters.bytesSent += bytes
    return true
  }

  connected(member: string, channel: PeerChannel): boolean {
    return this.#links.get(member)?.[channel].connected === true
  }

  onConnected(handler: (member: string, channel: PeerChannel) => void): void {
    this.#onConnected = handler
  }

  onMessage(handler: PeerMessageHandler): void {
    this.#inbound.handler = handler
  }

  onProgress(handler: PeerProgressHandler): void {
    this.#onProgress = handler
    this.#inbound.progress = handler
  }

  fetch(from: string, request: Uint8Array, signal?: AbortSignalLike): AsyncIterable<Uint8Array> {
    if (this.#closed !== undefined) throw fetchClosedError()
    return this.#fetchClient.fetch(from, this.#addressOf(from), request, signal)
  }

  onFetch(handler: FetchHandler): void {
    this.#fetchServer.handler = handler
  }

  async forward(to: string, request: Uint8Array, signal?: AbortSignalLike): Promise<Uint8Array> {
    if (this.#closed !== undefined) throw forwardClosedError()
    this.#checkSize('request', to, request.length, this.forwardBytesMax)
    return this.#forwardClient.forward(to, this.#addressOf(to), request, signal)
  }

  get forwardBytesMax(): number {
    return this.#settings.limits.messageBytesMax - forwardOverheadBytes
  }

  onForward(handler: ForwardHandler): void {
    this.#forwardServer.handler = handler
  }

  get nameTaken(): PeerProblem | undefined {
    for (const links of this.#links.values()) {
      for (const channel of peerChannels) {
        const { problem } = links[channel]
        if (problem?.kind === 'name-taken') return problem
      }
    }
    return undefined
  }

  peerCounters(): ReadonlyMap<string, Readonly<PeerCounters>> {
    return this.#counters.all
  }

  listenCounters(): Readonly<ListenCounters> {
    return this.#listener.counters
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    for (const links of this.#links.values()) stop(links)
    this.#links.clear()
    this.#fetchClient.close()
    this.#forwardClient.close()
    await Promise.all([
      this.#listener.close(),
      this.#fetchServer.close(),
      this.#forwardServer.close(),
    ])
  }

  #addressOf(member: string): string {
    const links = this.#links.get(member)
    if (links !== undefined) return links.replica.address
    throw new GoetheError('GOETHE_UNAVAILABLE', `No address is known of member ${member}`)
  }

  #checkSize(what: string, to: string, bytes: number, bytesMax: number): void {
    if (bytes <= bytesMax) return
    throw new ArgumentError(
      `A ${what} to member ${to} has ${bytes} bytes, and ${bytesMax} are the most`,
    )
  }

  #connect(member: string, address: string): Links {
    const counters = this.#counters.of(member)
    const link = (channel: PeerChannel) =>
      new PeerLink(this.#settings, member, address, channel, counters, {
        onConnected: () => {
          this.#onConnected?.(member, channel)
        },
        onReceiving: (peer) => {
          this.#onProgress?.(peer, 'receives')
        },
      })
    return { replica: link('replica'), gossip: link('gossip') }
  }
}

function stop(links: Links): void {
  for (const channel of peerChannels) links[channel].stop()
}
