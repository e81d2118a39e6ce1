/** Peers that are written down; who is added later may be missing there. */
import { type AbortSignalLike, ArgumentError, GoetheError } from '@goethe/core'
import { abortedError, describeValue } from '@goethe/core/contract'
import type { Discovery, Peer } from './discovery.js'
import { peerList } from './peer-list.js'

export class StaticDiscovery implements Discovery {
  readonly isPartial = true
  readonly #peers: readonly Peer[]
  #closed = false

  /** Each is `member=host:port`, or `host:port` where the member is to be asked for its name. */
  constructor(peers: readonly string[]) {
    if (!Array.isArray(peers) || peers.length === 0) {
      throw new ArgumentError(`Peers are a list such as ${example}; got ${describeValue(peers)}`)
    }
    const parsed = peers.map((text: string) => parsePeer(text))
    this.#peers = peerList(parsed)
    if (this.#peers.length === parsed.length) return
    throw new ArgumentError(`Each peer is named once; got ${peers.join(', ')}`)
  }

  async peers(signal?: AbortSignalLike): Promise<readonly Peer[]> {
    if (signal?.aborted === true) throw abortedError(signal)
    if (this.#closed) throw new GoetheError('GOETHE_CLOSED', 'The discovery is closed')
    return this.#peers
  }

  watch(onPeers: (peers: readonly Peer[]) => void): () => void {
    let isOver = false
    queueMicrotask(() => {
      if (!isOver && !this.#closed) onPeers(this.#peers)
    })
    return () => {
      isOver = true
    }
  }

  async close(): Promise<void> {
    this.#closed = true
  }
}

const example = "'goethe-0=10.0.0.1:1338'"

function parsePeer(text: string): Peer {
  const match = /^(?:([^=\s]+)=)?([^=\s]+:(\d{1,5}))$/.exec(String(text))
  if (match === null || Number(match[3]) > 65_535) {
    throw new ArgumentError(`A peer is written like ${example}; got ${describeValue(text)}`)
  }
  return { member: match[1], address: match[2]!, isTerminating: false }
}
