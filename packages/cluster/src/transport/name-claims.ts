/**
 * Which process speaks for a member where several say that they are it.
 *
 * A member that was started again has a new incarnation, and what is left of its former connections
 * may not have been noticed yet: it takes over at once. Two processes that run at the same time under
 * one name would do that to each other in turns, so that neither gets its work done. They are told
 * apart: a store that is in sync is the member rather than another one, and nobody takes its place
 * while it is connected; otherwise a process that was replaced and comes back all the same shows that
 * two are alive, and then the one that was here first is the member. The other one is refused, and
 * told why, until that one is gone.
 */
import type { AcceptedConnection } from './accepted-connection.js'
import { PeerRefusal } from './peer-refusal.js'
import type { PeerIdentity } from './peer-transport.js'

/** Processes of one name that are remembered in their order. */
const processesMax = 64

interface Claim extends Pick<PeerIdentity, 'storeId' | 'incarnation'> {
  readonly address: string
  readonly connections: Set<AcceptedConnection>
}

export class NameClaims {
  readonly #isInSync: (storeId: string) => boolean
  /** By member. */
  readonly #holders = new Map<string, Claim>()
  /** Incarnations of each member, in the order in which they came. */
  readonly #seen = new Map<string, string[]>()

  constructor(isInSync: (storeId: string) => boolean) {
    this.#isInSync = isInSync
  }

  /** Why a process may not speak for its member now, if it may not. */
  refusalOf(peer: PeerIdentity): PeerRefusal | undefined {
    const holder = this.#holders.get(peer.member)
    if (holder === undefined || !this.#hasPrecedence(holder, peer)) return undefined
    return refusal(peer.member, holder)
  }

  /** One that may speak for its member does, by this connection too; connections of others end. */
  claim(connection: AcceptedConnection, { member, storeId, incarnation }: PeerIdentity): void {
    const former = this.#holders.get(member)
    if (former?.incarnation === incarnation) {
      former.connections.add(connection)
      return
    }
    const holder = {
      storeId,
      incarnation,
      address: connection.address,
      connections: new Set([connection]),
    }
    this.#holders.set(member, holder)
    const isBack = this.#isKnown(member, incarnation)
    if (!isBack) this.#remember(member, incarnation)
    for (const one of former?.connections ?? []) {
      if (isBack) one.refuse(refusal(member, holder))
      else one.end(new Error('the peer was started anew'))
    }
  }

  ended(connection: AcceptedConnection, { member }: PeerIdentity): void {
    const holder = this.#holders.get(member)
    if (holder?.connections.delete(connection) !== true) return
    if (holder.connections.size === 0) this.#holders.delete(member)
  }

  #hasPrecedence(holder: Claim, { member, storeId, incarnation }: PeerIdentity): boolean {
    if (holder.incarnation === incarnation) return false
    const isInSync = this.#isInSync(holder.storeId)
    if (isInSync !== this.#isInSync(storeId)) return isInSync
    if (!this.#isKnown(member, incarnation)) return false
    const order = this.#seen.get(member)!
    return order.indexOf(holder.incarnation) < order.indexOf(incarnation)
  }

  #isKnown(member: string, incarnation: string): boolean {
    return this.#seen.get(member)?.includes(incarnation) === true
  }

  #remember(member: string, incarnation: string): void {
    const order = this.#seen.get(member) ?? []
    this.#seen.set(member, [...order, incarnation].slice(-processesMax))
  }
}

function refusal(member: string, { address }: Claim): PeerRefusal {
  return new PeerRefusal(
    'name-taken',
    `Another server calls itself ${member}, and is connected from ${address}: give each server a ` +
      'name of its own, or stop one of the two',
  )
}
