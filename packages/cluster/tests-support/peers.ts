/** Members that talk to each other over real sockets, and what tests wait for. */
import { type Clock, systemClock } from '@goethe/core'
import type { PeerTransportOptions } from '../src/transport/peer-settings.js'
import type { PeerChannel, PeerIdentity, PeerProblem } from '../src/transport/peer-transport.js'
import { TcpPeerTransport } from '../src/transport/tcp-peer-transport.js'

export const sharedSecret = 'a secret for tests alone'

export interface Received {
  from: PeerIdentity
  channel: PeerChannel
  bytes: Uint8Array
}

/** A transport, what it has received, and what went wrong. */
export class TestPeer {
  readonly transport: TcpPeerTransport
  readonly received: Received[] = []
  readonly problems: PeerProblem[] = []
  /** What went on in messages that took long: whose, and what that one did. */
  readonly progress: string[] = []
  address = ''
  port = 0
  readonly #waiting = new Set<() => void>()
  readonly #connected = new Set<string>()

  private constructor(options: PeerTransportOptions) {
    this.transport = new TcpPeerTransport({
      ...options,
      onProblem: (problem) => {
        this.problems.push(problem)
        this.#changed()
      },
    })
    this.transport.onConnected((member, channel) => {
      this.#connected.add(`${member} ${channel}`)
      this.#changed()
    })
    this.transport.onMessage((from, channel, bytes) => {
      this.received.push({ from, channel, bytes })
      this.#changed()
    })
    this.transport.onProgress((peer, does) => {
      this.progress.push(`${peer.incarnation} ${does}`)
      this.#changed()
    })
  }

  /** Listens on a free port; by default with the secret that all share. */
  static async start(
    member: string,
    options: Partial<PeerTransportOptions> & { clusterId?: string; clock?: Clock } = {},
  ): Promise<TestPeer> {
    const { clusterId, ...others } = options
    const identity = { clusterId, member, storeId: `store-${member}`, incarnation: `run-${member}` }
    const peer = new TestPeer({
      identity,
      clock: systemClock(),
      ...(others.tls === undefined && { secrets: [sharedSecret] }),
      ...others,
    })
    const { port } = await peer.transport.listen({ host: '127.0.0.1', port: 0 })
    peer.port = port
    peer.address = `127.0.0.1:${port}`
    return peer
  }

  /** Connects to others at their addresses, or at those given. */
  connect(peers: Record<string, TestPeer | string | number>): void {
    const addressOf = (peer: TestPeer | string | number): string => {
      if (typeof peer === 'object') return peer.address
      return typeof peer === 'number' ? `127.0.0.1:${peer}` : peer
    }
    this.#connected.clear()
    this.transport.peers(
      new Map(Object.entries(peers).map(([member, peer]) => [member, addressOf(peer)])),
    )
  }

  /** Resolves when a connection to this member has been made since the last call of this or `connect`. */
  async connected(member: string, channel: PeerChannel = 'replica'): Promise<void> {
    await this.until(() => this.#connected.delete(`${member} ${channel}`))
  }

  /** Resolves to the problem of this kind. */
  async problem(kind: PeerProblem['kind']): Promise<PeerProblem> {
    await this.until(() => this.problems.some((problem) => problem.kind === kind))
    return this.problems.find((problem) => problem.kind === kind)!
  }

  async messages(count: number): Promise<string[]> {
    await this.until(() => this.received.length >= count)
    return this.received.map(({ bytes }) => Buffer.from(bytes).toString())
  }

  say(to: string, text: string, channel: PeerChannel = 'replica'): boolean {
    return this.transport.send(to, channel, [Buffer.from(text)])
  }

  /** Resolves when a condition holds after a problem, a connection, a message or more of one. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
      })
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.transport.close()
  }

  #changed(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
