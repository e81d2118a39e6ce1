/**
 * Who the other members are and where: those that discovery names, and where it does not claim to
 * name all, those that have made themselves known by gossip. What discovery says counts more.
 */
import type { Peer } from '../discovery/discovery.js'
import type { MemberView } from '../gossip/membership-view.js'
import { isPeerAddress } from '../transport/peer-address.js'

export class KnownPeers {
  readonly #own: string
  readonly #learns: boolean
  #found: ReadonlyMap<string, string> = new Map()
  #addresses: ReadonlyMap<string, string> = new Map()

  /** `learns`: members that discovery does not name are taken for peers too. */
  constructor(own: string, learns: boolean) {
    this.#own = own
    this.#learns = learns
  }

  /** `host:port` by member, this one left out. */
  get addresses(): ReadonlyMap<string, string> {
    return this.#addresses
  }

  get names(): readonly string[] {
    return [...this.#addresses.keys()]
  }

  /** Those that discovery names. */
  get found(): readonly string[] {
    return [...this.#found.keys()]
  }

  /** What discovery says: without a name nobody can be asked for by it. */
  discovered(peers: readonly Peer[]): void {
    const found = new Map<string, string>()
    for (const { member, address } of peers) {
      if (member !== undefined && member !== this.#own) found.set(member, address)
    }
    this.#found = found
    this.#addresses = found
  }

  /** What gossip says; true where the addresses are others now. */
  heard(members: readonly Pick<MemberView, 'member' | 'report'>[]): boolean {
    if (!this.#learns) return false
    const addresses = new Map(this.#found)
    for (const { member, report } of members) {
      const { peerAddress } = report
      if (member === this.#own || addresses.has(member)) continue
      if (peerAddress !== undefined && isPeerAddress(peerAddress)) {
        addresses.set(member, peerAddress)
      }
    }
    const isSame =
      addresses.size === this.#addresses.size &&
      [...addresses].every(([member, address]) => this.#addresses.get(member) === address)
    if (isSame) return false
    this.#addresses = addresses
    return true
  }
}
