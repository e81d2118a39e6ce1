/** Lists of peers in their order, and what tells whether one is news. */
import type { Peer } from './discovery.js'

/** Sorted by member and address; of the same place once, and of a member that has moved the new one. */
export function peerList(peers: Iterable<Peer>): readonly Peer[] {
  const byPlace = new Map<string, Peer>()
  for (const peer of peers) {
    const place = peer.member ?? ` ${peer.address}`
    const other = byPlace.get(place)
    // Where a member is known twice, it runs where it does not end.
    if (other === undefined || (other.isTerminating && !peer.isTerminating)) {
      byPlace.set(place, peer)
    }
  }
  return [...byPlace.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, peer]) => peer)
}

/** Passes lists on that differ from the one before. */
export function onlyNews(
  onPeers: (peers: readonly Peer[]) => void,
): (peers: readonly Peer[]) => void {
  let last: string | undefined
  return (peers) => {
    const text = JSON.stringify(peers)
    if (text === last) return
    last = text
    onPeers(peers)
  }
}

/** `host:port`, with brackets around IPv6. */
export function addressOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
