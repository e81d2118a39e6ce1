/** What keeps this process connected to a peer for one channel, for as long as it is wanted. */
import { backoffMs } from '@goethe/core/contract'
import { DialedConnection } from './dialed-connection.js'
import { FrameError } from './frame.js'
import type { PeerSettings } from './peer-settings.js'
import type { PeerChannel, PeerCounters, PeerIdentity, PeerProblem } from './peer-transport.js'

export interface PeerLinkHandler {
  onConnected(): void
  /** A message takes long to arrive, and more of it has arrived. */
  onReceiving(peer: PeerIdentity): void
}

export class PeerLink {
  readonly address: string
  readonly #settings: PeerSettings
  readonly #member: string
  readonly #channel: PeerChannel
  readonly #counters: PeerCounters
  readonly #handler: PeerLinkHandler
  #dialed: DialedConnection | undefined
  #failures = 0
  #problem: PeerProblem | undefined
  #stopTimer: (() => void) | undefined

  constructor(
    settings: PeerSettings,
    member: string,
    address: string,
    channel: PeerChannel,
    counters: PeerCounters,
    handler: PeerLinkHandler,
  ) {
    this.#settings = settings
    this.#member = member
    this.address = address
    this.#channel = channel
    this.#counters = counters
    this.#handler = handler
    this.#dial()
  }

  get connected(): boolean {
    return this.#dialed?.ready === true
  }

  /** Why there is no connection, since there last was one. */
  get problem(): PeerProblem | undefined {
    return this.#problem
  }

  send(parts: readonly Uint8Array[]): boolean {
    return this.#dialed?.send('message', parts) === true
  }

  sayClusterId(): void {
    this.#dialed?.sayClusterId()
  }

  stop(): void {
    this.#stopTimer?.()
    this.#dialed?.end()
    this.#dialed = undefined
  }

  #dial(): void {
    this.#dialed = new DialedConnection(this.#settings, this.#member, this.address, this.#channel, {
      onReady: () => {
        this.#failures = 0
        this.#problem = undefined
        this.#counters.connects++
        this.#handler.onConnected()
      },
      onFrame: (kind) => {
        const peer = this.#dialed?.peer
        if (kind === 'receiving' && peer !== undefined) return this.#handler.onReceiving(peer)
        throw new FrameError(`A frame of kind ${kind} came where nothing is expected`)
      },
      onEnd: (problem) => {
        this.#onEnd(problem)
      },
    })
  }

  #onEnd(problem: PeerProblem): void {
    this.#dialed = undefined
    this.#counters.failures++
    const isNews = this.#problem?.message !== problem.message
    this.#problem = problem
    if (isNews) this.#settings.onProblem(problem)
    // Nothing that time changes: somebody has to correct an address or a directory.
    if (problem.kind === 'wrong-cluster') return
    const { clock, random, limits } = this.#settings
    const pauseMs = backoffMs(this.#failures++, random, limits.reconnectMsMax)
    this.#stopTimer = clock.setTimer(
      () => {
        this.#dial()
      },
      pauseMs,
      'background',
    )
  }
}
