/**
 * A member's gossip: the state machine, the timer and the messages that it asks for, and what follows
 * from what it learns, together with what discovery says. The transport and the replica are told who
 * there is; the replica too who hears the leader.
 */
import type { Clock } from '@goethe/core'
import type { Discovery } from '../discovery/discovery.js'
import { decodeGossip, encodeGossip } from '../gossip/gossip-codec.js'
import { Gossip, type GossipInput } from '../gossip/gossip.js'
import type { MemberIdentity, MemberReport } from '../gossip/member-state.js'
import type { MembershipView } from '../gossip/membership-view.js'
import type { PeerIdentity, PeerTransport } from '../transport/peer-transport.js'
import { checkSpeaker } from '../transport/speaker.js'
import { KnownPeers } from './known-peers.js'
import type { ReplicaDriver } from './replica-driver.js'

export interface GossipDriverOptions {
  readonly identity: MemberIdentity
  readonly discovery: Discovery
  /** Members that discovery does not name are taken for peers too. */
  readonly learnsPeers: boolean
  readonly transport: Pick<PeerTransport, 'peers' | 'send' | 'setClusterId'>
  readonly replica: Pick<ReplicaDriver, 'input' | 'status'>
  /** What is told of this member, as it is now. */
  report(): MemberReport
  /** Something that a person should look at. */
  onProblem(problem: string): void
  /** Higher than at all earlier starts if possible: the wall clock, in milliseconds. */
  readonly generation: number
  readonly clock: Clock
  /** Monotonic milliseconds. */
  nowMs(): number
  random(): number
}

/** How often gossip and what follows from it are looked at. */
const tickMs = 200

export class GossipDriver {
  readonly #options: GossipDriverOptions
  readonly #gossip: Gossip
  readonly #peers: KnownPeers
  readonly #stopDiscovery: () => void
  #peersTold = ''
  /** Of others, the last word on whether they hear the leader that the replica was told. */
  readonly #heardVersions = new Map<string, string>()
  #stopTick: () => void = () => undefined

  /** Begins at once. */
  constructor(options: GossipDriverOptions) {
    const { identity, generation, random, discovery, learnsPeers } = options
    this.#options = options
    this.#gossip = new Gossip({
      identity,
      report: options.report(),
      generation,
      nowMs: options.nowMs(),
      random,
    })
    this.#peers = new KnownPeers(identity.member, learnsPeers)
    this.#stopDiscovery = discovery.watch((peers) => {
      this.#peers.discovered(peers)
      this.#step({ type: 'peers', nowMs: options.nowMs(), members: this.#peers.found })
      this.#peers.heard(this.view.members)
      this.#tellPeers()
    })
    this.#tick()
  }

  /** What is known of all members now. */
  get view(): MembershipView {
    return this.#gossip.view(this.#options.nowMs())
  }

  /** Throws GOETHE_CORRUPT for what is no gossip, GOETHE_UNAUTHENTICATED for that of another one. */
  receive(peer: PeerIdentity, bytes: Uint8Array): void {
    const message = decodeGossip(bytes)
    checkSpeaker(peer, { member: message.from })
    this.#step({ type: 'message', nowMs: this.#options.nowMs(), message })
  }

  /** Tells the others, and the transport, what is true of this member now. */
  spread(): void {
    const report = this.#options.report()
    const { clusterId } = report
    if (clusterId !== undefined) this.#options.transport.setClusterId(clusterId)
    this.#step({ type: 'local', report })
  }

  stop(): void {
    this.#stopTick()
    this.#stopDiscovery()
  }

  #tick(): void {
    this.#stopTick = this.#options.clock.setTimer(() => {
      this.#tick()
      this.spread()
      this.#step({ type: 'tick', nowMs: this.#options.nowMs() })
      this.#peers.heard(this.view.members)
      this.#tellPeers()
      this.#tellLeader()
    }, tickMs)
  }

  /** The transport and the replica are told who there is whenever that changes. */
  #tellPeers(): void {
    const { names, addresses } = this.#peers
    const allVirgin = this.view.allVirgin(names)
    const told = JSON.stringify([[...addresses], allVirgin])
    if (told === this.#peersTold) return
    this.#peersTold = told
    this.#options.transport.peers(addresses)
    this.#options.replica.input({ type: 'peers', members: names, allVirgin })
  }

  /**
   * Others who hear the leader keep this member from trying to replace it (rule 3). Each word of
   * theirs counts once, when it comes: what was true then would hold up the next leader.
   */
  #tellLeader(): void {
    const { role, epoch, inSync } = this.#options.replica.status
    if (role === 'leader') return
    const news = this.view.hearers(epoch).filter(({ member, storeId, generation, version }) => {
      const word = `${generation}.${version}`
      if (this.#heardVersions.get(member) === word) return false
      this.#heardVersions.set(member, word)
      return inSync.some((store) => store.storeId === storeId)
    })
    if (news.length > 0) this.#options.replica.input({ type: 'leader-heard', epoch })
  }

  #step(input: GossipInput): void {
    for (const effect of this.#gossip.step(input)) {
      if (effect.type === 'send') {
        this.#options.transport.send(effect.to, 'gossip', [encodeGossip(effect.message)])
      } else this.#options.onProblem(effect.message)
    }
  }
}
