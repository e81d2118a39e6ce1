/** What a member is made of, and how the parts are connected to each other. */
import { randomUUID } from 'node:crypto'
import { type Clock, GoetheError, systemClock } from '@goethe/core'
import type { Coordinator } from '../coordinator/coordinator.js'
import type { MemberReport } from '../gossip/member-state.js'
import { defaultLimits, defaultTimes } from '../replica/options.js'
import type { ReplicaStatus } from '../replica/status.js'
import { reachedAt } from '../transport/peer-address.js'
import {
  appendOverheadBytesMax,
  decodePeerMessage,
  encodeAppend,
  encodePeerMessage,
} from '../transport/peer-message-codec.js'
import { defaultPeerLimits } from '../transport/peer-settings.js'
import type { PeerProblem } from '../transport/peer-transport.js'
import { checkSpeaker } from '../transport/speaker.js'
import { TcpPeerTransport } from '../transport/tcp-peer-transport.js'
import { GossipDriver } from './gossip-driver.js'
import type { ClusterMemberOptions } from './member-options.js'
import { memberReport } from './member-report.js'
import { MemberStorage } from './member-storage.js'
import { NamedAgreement, type NamedLeader } from './named-leader.js'
import { PeerSnapshots } from './peer-snapshots.js'
import { decodeRecordRequest } from './record-exchange.js'
import { ReplicaDriver } from './replica-driver.js'
import { SnapshotSender } from './snapshot-sender.js'

export class MemberParts {
  readonly storage: MemberStorage
  readonly transport: TcpPeerTransport
  readonly replica: ReplicaDriver
  readonly gossip: GossipDriver
  readonly #options: ClusterMemberOptions
  readonly #clock: Clock
  readonly #snapshots: SnapshotSender
  readonly #agreement: NamedAgreement | undefined
  readonly #coordinator: Coordinator
  readonly #stopTls: (() => void) | undefined
  #peerAddress = ''
  /** The same as other members see it. */
  #reachedAt: string | undefined
  #draining = false
  /** Why the replica was halted. */
  #halted: string | undefined
  #closing: Promise<void> | undefined

  /** Opens what is on disk, and begins at once, but for listening. Rejects as `MemberStorage.open` does. */
  static async open(options: ClusterMemberOptions): Promise<MemberParts> {
    const storage = await MemberStorage.open(options)
    try {
      return new MemberParts(options, storage)
    } catch (error) {
      await storage.close()
      throw error
    }
  }

  private constructor(options: ClusterMemberOptions, storage: MemberStorage) {
    const { member, address, url, discovery, clock = systemClock() } = options
    const { storeId, facts } = storage.journal.meta
    this.#options = options
    this.#clock = clock
    this.storage = storage
    const incarnation = randomUUID()
    const identity = { member, storeId, incarnation }
    const transport = new TcpPeerTransport({
      ...options.security,
      identity: { ...identity, clusterId: facts.clusterId },
      isInSync: (storeId) => this.replica.status.inSync.some((store) => store.storeId === storeId),
      limits: { messageBytesMax: options.messageBytesMax ?? defaultPeerLimits.messageBytesMax },
      onProblem: (problem) => {
        options.onProblem(sentenceOf(problem))
      },
      clock,
    })
    this.transport = transport
    this.#stopTls = options.security.watchTls?.((files) => {
      transport.setTls(files)
    })
    this.#snapshots = new SnapshotSender({
      store: () => storage.stores.current,
      leads: () => {
        const { role, epoch } = this.replica.status
        return role === 'leader' ? epoch : undefined
      },
      clock,
      newId: randomUUID,
    })
    const { coordinator } = options
    const named = 'read' in coordinator ? undefined : coordinator
    this.#agreement = named && this.#agree(named)
    this.#coordinator = 'read' in coordinator ? coordinator : this.#agreement!.coordinator
    this.replica = this.#replicate(incarnation, named)
    this.gossip = new GossipDriver({
      identity: { ...identity, address, ...(url !== undefined && { url }) },
      discovery,
      // Where majorities decide, all have to know of how many.
      learnsPeers: discovery.isPartial === true && named === undefined,
      transport,
      replica: this.replica,
      report: () => this.#report(),
      onProblem: (problem) => {
        options.onProblem(problem)
      },
      generation: Date.now(),
      clock,
      nowMs,
      random: Math.random,
    })
    this.#receive()
  }

  /** The replica's; that others refuse this process keeps it from taking part, too. */
  get status(): ReplicaStatus {
    const { status } = this.replica
    const { nameTaken } = this.transport
    if (status.problem !== undefined || nameTaken === undefined) return status
    return { ...status, problem: sentenceOf(nameTaken) }
  }

  /** `host:port` where it listens to other members; empty before it does. */
  get peerAddress(): string {
    return this.#peerAddress
  }

  /** Rejects with GOETHE_UNAVAILABLE for an address. */
  async listen(): Promise<void> {
    const { host, port } = await this.transport.listen(this.#options.peers)
    this.#peerAddress = `${host}:${port}`
    this.#reachedAt = reachedAt(host, port, this.#options.address)
    this.gossip.spread()
  }

  /** As `ClusterMember.close`. */
  close(deadlineMs = 0): Promise<void> {
    this.#closing ??= this.#close(deadlineMs)
    return this.#closing
  }

  async #close(deadlineMs: number): Promise<void> {
    this.#draining = true
    this.gossip.spread()
    if (deadlineMs > 0) await this.replica.stop(deadlineMs)
    else await this.replica.end(new GoetheError('GOETHE_CLOSED', 'The member was closed'))
    this.gossip.stop()
    this.#stopTls?.()
    await this.#options.discovery.close()
    await this.transport.close()
    await this.#snapshots.close()
    await this.#coordinator.close()
    await this.storage.close()
  }

  #replicate(incarnation: string, named: NamedLeader | undefined): ReplicaDriver {
    const { member, address, minInSync, times, limits, listener } = this.#options
    const { messageBytesMax = defaultPeerLimits.messageBytesMax } = this.#options
    const { journal, stores } = this.storage
    const transport = this.transport
    return new ReplicaDriver({
      member,
      incarnation,
      address,
      minInSync,
      ...(named !== undefined && { named }),
      times: { ...defaultTimes, ...times },
      limits: { ...defaultLimits, ...limits },
      writeBytesMax: messageBytesMax - appendOverheadBytesMax,
      journal,
      stores,
      snapshots: new PeerSnapshots((from, request, signal) =>
        transport.fetch(from, request, signal),
      ),
      coordinator: this.#coordinator,
      peers: {
        send: (to, message) => void transport.send(to, 'replica', encodePeerMessage(message)),
        sendEntries: (to, envelope, header, entries) =>
          void transport.send(to, 'replica', encodeAppend(envelope, header, entries)),
      },
      listener: {
        ...listener,
        onHalt: (reason, reopen) => {
          this.#halted = reason
          listener.onHalt(reason, reopen)
        },
      },
      clock: this.#clock,
      nowMs,
      random: Math.random,
      newId: randomUUID,
    })
  }

  /** How members agree among themselves, where the configuration says who leads. */
  #agree(named: NamedLeader): NamedAgreement {
    const { member } = this.#options
    const { disk, journal } = this.storage
    return new NamedAgreement({
      named,
      self: { member, storeId: journal.meta.storeId },
      disk,
      clock: this.#clock,
      newId: randomUUID,
      fetch: (from, request, signal) => this.transport.fetch(from, request, signal),
      last: () => journal.last,
      grant: (epoch, candidate) => this.replica.grant(epoch, candidate),
      onEpoch: (epoch) => {
        this.replica.learn(epoch)
      },
    })
  }

  #receive(): void {
    this.transport.onMessage((peer, channel, bytes) => {
      if (channel === 'gossip') return this.gossip.receive(peer, bytes)
      const message = decodePeerMessage(bytes)
      checkSpeaker(peer, message.from)
      this.replica.input({ type: 'message', message })
    })
    this.transport.onProgress((peer, does) => {
      if (does === 'sends') this.replica.input({ type: 'peer-sends', peer })
      else this.replica.input({ type: 'peer-receives', peer })
    })
    this.transport.onFetch((peer, request) => {
      const asked = this.#agreement && decodeRecordRequest(request)
      if (asked?.about === 'grant') checkSpeaker(peer, asked.candidate)
      return asked === undefined ? this.#snapshots.send(request) : this.#agreement!.answer(asked)
    })
  }

  #report(): MemberReport {
    return memberReport(this.status, {
      draining: this.#draining,
      unhealthy: this.#halted,
      peerAddress: this.#reachedAt,
      load: this.#options.load?.() ?? 0,
    })
  }
}

/** Monotonic milliseconds, the same for all parts. */
export function nowMs(): number {
  return performance.now()
}

function sentenceOf({ member, address, message }: PeerProblem): string {
  return `${member ?? 'A peer'} at ${address}: ${message}`
}
