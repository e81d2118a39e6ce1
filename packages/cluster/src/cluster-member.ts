/**
 * A member of a cluster, put together: its journal and store on disk, the connections to the others,
 * whom discovery and gossip name, and the replica that all of that is for.
 */
import { randomInt, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import {
  type AbortSignalLike,
  type Clock,
  type Database,
  GoetheError,
  systemClock,
} from '@goethe/core'
import type { AppliedStore } from './applied-store.js'
import type { Coordinator } from './coordinator/coordinator.js'
import type { Discovery } from './discovery/discovery.js'
import { decodeGossip, encodeGossip } from './gossip/gossip-codec.js'
import { Gossip, type GossipInput } from './gossip/gossip.js'
import type { MemberReport } from './gossip/member-state.js'
import type { MembershipView } from './gossip/membership-view.js'
import type { Disk } from './journal/disk.js'
import { Journal } from './journal/journal.js'
import { nodeDisk } from './journal/node-disk.js'
import { KnownPeers } from './member/known-peers.js'
import { NamedAgreement, type NamedLeader } from './member/named-leader.js'
import { PeerSnapshots } from './member/peer-snapshots.js'
import { reapply } from './member/reapply.js'
import { decodeRecordRequest } from './member/record-exchange.js'
import { type ReplicaCounters, ReplicaDriver } from './member/replica-driver.js'
import type { ReplicaListener } from './member/replica-listener.js'
import { SnapshotSender } from './member/snapshot-sender.js'
import { checkStoreAndJournal } from './member/store-and-journal.js'
import { StoreDirectory } from './member/store-directory.js'
import {
  type ReplicaLimits,
  type ReplicaTimes,
  defaultLimits,
  defaultTimes,
} from './replica/options.js'
import type { ReplicaStatus } from './replica/status.js'
import type { Replication } from './replicated-level.js'
import {
  appendOverheadBytesMax,
  decodePeerMessage,
  encodeAppend,
  encodePeerMessage,
} from './transport/peer-message-codec.js'
import { type PeerTransportOptions, defaultPeerLimits } from './transport/peer-settings.js'
import type { PeerTlsFiles } from './transport/peer-tls.js'
import type {
  ForwardHandler,
  ListenCounters,
  PeerCounters,
  PeerProblem,
} from './transport/peer-transport.js'
import { checkSpeaker } from './transport/speaker.js'
import { TcpPeerTransport } from './transport/tcp-peer-transport.js'

export interface ClusterMemberOptions {
  /** Where everything lies: journal, store, and what they must not forget. */
  readonly directory: string
  /** Makes a database for a path; it is opened later. */
  database(path: string): Database
  /** The name of this instance, the same after each start. */
  readonly member: string
  /** `host:port` for clients, as they can reach it. */
  readonly address: string
  /** Where clients reach its HTTP API, such as `http://host:port`, if it has one. */
  readonly url?: string | undefined
  /**
   * Where the other members are listened to. They are told this host, or where it stands for all
   * addresses that of `address`.
   */
  readonly peers: { readonly host: string; readonly port: number }
  /** How members know each other, as for the transport. */
  readonly security: MemberSecurity
  /** Fewest in-sync stores with which is acknowledged, in a new cluster that this member begins. */
  readonly minInSync: number
  /** What keeps the record; or who leads, where that is said by the configuration. */
  readonly coordinator: Coordinator | NamedLeader
  readonly discovery: Discovery
  readonly listener: ReplicaListener
  /** Something that a person should look at. */
  onProblem(problem: string): void
  /** Part of what this instance can do that is in use, from 0 to 1. */
  load?(): number
  readonly times?: Partial<ReplicaTimes>
  readonly limits?: Partial<ReplicaLimits>
  /** Largest message between members, the same for all; a write is one. Default 64 MiB. */
  readonly messageBytesMax?: number
  readonly clock?: Clock
}

/** How members know each other, as for the transport, and how certificates are renewed. */
export interface MemberSecurity extends Pick<
  PeerTransportOptions,
  'secrets' | 'tls' | 'nameInCertificate'
> {
  /**
   * Calls `use` with files that take the place of `tls`, for connections from then on; `use` throws for
   * files that are no certificate with its key. Returns what ends it, which `close` does.
   */
  watchTls?(use: (tls: PeerTlsFiles) => void): () => void
}

/** What a member knows of its cluster. */
export interface ClusterMemberStatus {
  readonly replica: ReplicaStatus
  readonly members: MembershipView
}

/** What a member has done since it was opened; all of it only grows. */
export interface ClusterCounters extends ReplicaCounters {
  /** Of the connections to each other member. */
  readonly peers: ReadonlyMap<string, Readonly<PeerCounters>>
  /** Of the connections that others made. */
  readonly listen: Readonly<ListenCounters>
}

/** How often gossip and what follows from it are looked at. */
const tickMs = 200

export class ClusterMember {
  readonly #options: ClusterMemberOptions
  readonly #clock: Clock
  readonly #journal: Journal
  readonly #stores: StoreDirectory
  readonly #transport: TcpPeerTransport
  readonly #snapshots: SnapshotSender
  readonly #gossip: Gossip
  readonly #agreement: NamedAgreement | undefined
  readonly #coordinator: Coordinator
  readonly #driver: ReplicaDriver
  readonly #times: ReplicaTimes
  readonly #stopDiscovery: () => void
  readonly #stopTls: (() => void) | undefined
  readonly #peers: KnownPeers
  #peersTold = ''
  /** Of others, the last word on whether they hear the leader that the replica was told. */
  readonly #heardVersions = new Map<string, string>()
  #draining = false
  #unhealthy: string | undefined
  #stopTick: () => void = () => undefined
  #clusterId: string | undefined
  #closing: Promise<void> | undefined

  /**
   * Rejects with GOETHE_CORRUPT, GOETHE_FORMAT, GOETHE_LOCKED, GOETHE_UNAVAILABLE for an address, and
   * as the disk does. Closes coordinator and discovery then, as `close` does.
   */
  static async open(options: ClusterMemberOptions): Promise<ClusterMember> {
    let member: ClusterMember
    try {
      member = await ClusterMember.#fromDisk(options)
    } catch (error) {
      await options.discovery.close()
      if ('read' in options.coordinator) await options.coordinator.close()
      throw error
    }
    try {
      await member.#listen()
      return member
    } catch (error) {
      await member.close()
      throw error
    }
  }

  static async #fromDisk(options: ClusterMemberOptions): Promise<ClusterMember> {
    // The store has a lock: without it, this would cut away what another process is writing.
    const stores = await StoreDirectory.open(options)
    let journal: Journal | undefined
    try {
      const disk = await nodeDisk(join(options.directory, 'journal'))
      const newSalt = (): number => randomInt(2 ** 32)
      journal = await Journal.open({ disk, newStoreId: randomUUID, newSalt })
      const { applied } = stores.current
      const found = checkStoreAndJournal(applied, journal.epochs, stores.isReplaced)
      // A snapshot took the store's place, and then the power went.
      if (found === 'journal-follows') await journal.reset(applied)
      await stores.settle()
      await reapply(stores.current, journal)
      // Beside the journal, as it is lost with it: an emptied disk is that of another store.
      return new ClusterMember(options, disk, journal, stores)
    } catch (error) {
      await journal?.close()
      await stores.close()
      throw error
    }
  }

  private constructor(
    options: ClusterMemberOptions,
    disk: Disk,
    journal: Journal,
    stores: StoreDirectory,
  ) {
    const { member, address, url, clock = systemClock() } = options
    const { messageBytesMax = defaultPeerLimits.messageBytesMax } = options
    this.#options = options
    this.#clock = clock
    this.#journal = journal
    this.#stores = stores
    this.#times = { ...defaultTimes, ...options.times }
    this.#clusterId = journal.meta.facts.clusterId
    const incarnation = randomUUID()
    const identity = { member, storeId: journal.meta.storeId, incarnation }
    this.#transport = new TcpPeerTransport({
      ...options.security,
      identity: { ...identity, clusterId: this.#clusterId },
      limits: { messageBytesMax },
      onProblem: (problem) => {
        options.onProblem(sentenceOf(problem))
      },
      clock,
    })
    this.#snapshots = new SnapshotSender({
      store: () => stores.current,
      leads: () => (this.status.replica.role === 'leader' ? this.status.replica.epoch : undefined),
      clock,
      newId: randomUUID,
    })
    const transport = this.#transport
    this.#stopTls = options.security.watchTls?.((files) => {
      transport.setTls(files)
    })
    this.#agreement =
      'read' in options.coordinator ? undefined : this.#agree(options.coordinator, disk)
    const coordinator =
      'read' in options.coordinator ? options.coordinator : this.#agreement!.coordinator
    this.#coordinator = coordinator
    this.#driver = new ReplicaDriver({
      member,
      incarnation,
      address,
      minInSync: options.minInSync,
      ...('read' in options.coordinator ? {} : { named: options.coordinator }),
      times: this.#times,
      limits: { ...defaultLimits, ...options.limits },
      writeBytesMax: messageBytesMax - appendOverheadBytesMax,
      journal,
      stores,
      snapshots: new PeerSnapshots((from, request, signal) =>
        transport.fetch(from, request, signal),
      ),
      coordinator,
      peers: {
        send: (to, message) => void transport.send(to, 'replica', encodePeerMessage(message)),
        sendEntries: (to, envelope, header, entries) =>
          void transport.send(to, 'replica', encodeAppend(envelope, header, entries)),
      },
      listener: {
        ...options.listener,
        onHalt: (reason, reopen) => {
          this.#unhealthy = reason
          options.listener.onHalt(reason, reopen)
        },
      },
      clock,
      nowMs,
      random: Math.random,
      newId: randomUUID,
    })
    this.#gossip = new Gossip({
      identity: { ...identity, address, ...(url !== undefined && { url }) },
      report: this.#report(),
      generation: Date.now(),
      nowMs: nowMs(),
      random: Math.random,
    })
    this.#receive()
    // Where majorities decide, all have to know of how many.
    const isPartial = options.discovery.isPartial === true && this.#agreement === undefined
    this.#peers = new KnownPeers(member, isPartial)
    this.#stopDiscovery = options.discovery.watch((peers) => {
      this.#peers.discovered(peers)
      this.#gossipStep({ type: 'peers', nowMs: nowMs(), members: this.#peers.found })
      this.#peers.heard(this.status.members.members)
      this.#tellPeers()
    })
    this.#tick()
  }

  /** What readers see. It is another one after `onReplaced`. */
  get store(): AppliedStore {
    return this.#stores.current
  }

  /** The way of writes to all members. */
  get replication(): Replication {
    return this.#driver
  }

  get status(): ClusterMemberStatus {
    return { replica: this.#driver.status, members: this.#gossip.view(nowMs()) }
  }

  /** What was counted since this member was opened. */
  get counters(): ClusterCounters {
    return {
      ...this.#driver.counters,
      peers: this.#transport.peerCounters(),
      listen: this.#transport.listenCounters(),
    }
  }

  /** `host:port` at which other members reach this one. */
  get peerAddress(): string {
    return this.#peerAddress
  }
  #peerAddress = ''
  /** The same as other members see it. */
  #reachedAt: string | undefined

  /**
   * For linearizable reads: resolves once the in-sync set confirmed that this is the leader, and all
   * that was acknowledged before is applied here. Rejects with GOETHE_NOT_LEADER, GOETHE_UNAVAILABLE.
   */
  async confirm(): Promise<void> {
    await this.#driver.confirm()
  }

  /**
   * Has another member carry out what callers have asked this one for, and gives its answer; see
   * `PeerTransport`.
   */
  forward(to: string, request: Uint8Array, signal?: AbortSignalLike): Promise<Uint8Array> {
    return this.#transport.forward(to, request, signal)
  }

  /** The largest request that `forward` takes, in bytes. */
  get forwardBytesMax(): number {
    return this.#transport.forwardBytesMax
  }

  /** Carries out what other members forward. Until it is set they are told to try again later. */
  onForward(handler: ForwardHandler): void {
    this.#transport.onForward(handler)
  }

  /**
   * Calls back once readers see here what the entry has written, at once where they do; the function
   * returned takes it back.
   */
  whenApplied(lsn: number, callback: () => void): () => void {
    return this.#driver.whenApplied(lsn, callback)
  }

  /** Gives the lead to another in-sync member. */
  handOver(): void {
    this.#driver.input({ type: 'hand-over' })
  }

  /**
   * Takes a member's store out of the cluster: it leaves the in-sync set as soon as that may be smaller,
   * and joins no more, whoever leads, until it is admitted. With an empty directory the member may.
   */
  remove(member: string): void {
    const storeId = this.status.members.get(member)?.storeId
    this.#driver.input({ type: 'remove-member', member, ...(storeId !== undefined && { storeId }) })
  }

  /** Lets in again what was removed under this name. */
  admit(member: string): void {
    this.#driver.input({ type: 'admit-member', member })
  }

  /** Wants at least so many stores in sync from now on; nothing comes of more than there are. */
  setMinInSync(minInSync: number): void {
    this.#driver.input({ type: 'set-min-in-sync', minInSync })
  }

  /**
   * Leads although entries that were acknowledged may be missing here: an operator has decided it. It is
   * tried for `waitMs`; what the coordinator was asked for by then may still come about.
   */
  recover(waitMs: number): void {
    this.#driver.input({ type: 'recover', deadlineMs: nowMs() + waitMs })
  }

  /**
   * Gives up the lead or the place in the in-sync set, waits so long for that, and closes all.
   * Idempotent.
   */
  close(deadlineMs = 0): Promise<void> {
    this.#closing ??= this.#close(deadlineMs)
    return this.#closing
  }

  async #close(deadlineMs: number): Promise<void> {
    this.#draining = true
    this.#spread()
    if (deadlineMs > 0) await this.#driver.stop(deadlineMs)
    else await this.#driver.end(new GoetheError('GOETHE_CLOSED', 'The member was closed'))
    this.#stopTick()
    this.#stopDiscovery()
    this.#stopTls?.()
    await this.#options.discovery.close()
    await this.#transport.close()
    await this.#snapshots.close()
    await this.#coordinator.close()
    try {
      await this.#journal.close()
    } finally {
      // It holds the lock, without which the member could not be opened again.
      await this.#stores.close()
    }
  }

  async #listen(): Promise<void> {
    const { host, port } = await this.#transport.listen(this.#options.peers)
    this.#peerAddress = `${host}:${port}`
    this.#reachedAt = reachedAt(host, port, this.#options.address)
    this.#spread()
  }

  #receive(): void {
    this.#transport.onMessage((peer, channel, bytes) => {
      if (channel === 'gossip') {
        const message = decodeGossip(bytes)
        checkSpeaker(peer, { member: message.from })
        this.#gossipStep({ type: 'message', nowMs: nowMs(), message })
        return
      }
      const message = decodePeerMessage(bytes)
      checkSpeaker(peer, message.from)
      this.#driver.input({ type: 'message', message })
    })
    this.#transport.onProgress((peer, does) => {
      if (does === 'sends') this.#driver.input({ type: 'peer-sends', peer })
      else this.#driver.input({ type: 'peer-receives', peer })
    })
    this.#transport.onFetch((peer, request) => {
      const asked = this.#agreement && decodeRecordRequest(request)
      if (asked?.about === 'grant') checkSpeaker(peer, asked.candidate)
      return asked === undefined ? this.#snapshots.send(request) : this.#agreement!.answer(asked)
    })
  }

  /** How members agree among themselves, where the configuration says who leads. */
  #agree(named: NamedLeader, disk: Disk): NamedAgreement {
    const { member } = this.#options
    const { storeId } = this.#journal.meta
    return new NamedAgreement({
      named,
      self: { member, storeId },
      disk,
      clock: this.#clock,
      newId: randomUUID,
      fetch: (from, request, signal) => this.#transport.fetch(from, request, signal),
      last: () => this.#journal.last,
      grant: (epoch, candidate) => this.#driver.grant(epoch, candidate),
      onEpoch: (epoch) => {
        this.#driver.learn(epoch)
      },
    })
  }

  #tick(): void {
    this.#stopTick = this.#clock.setTimer(() => {
      this.#tick()
      this.#spread()
      this.#gossipStep({ type: 'tick', nowMs: nowMs() })
      this.#peers.heard(this.status.members.members)
      this.#tellPeers()
      this.#tellLeader()
    }, tickMs)
  }

  #spread(): void {
    const { clusterId } = this.status.replica
    if (clusterId !== undefined && clusterId !== this.#clusterId) {
      this.#clusterId = clusterId
      this.#transport.setClusterId(clusterId)
    }
    this.#gossipStep({ type: 'local', report: this.#report() })
  }

  #report(): MemberReport {
    const { replica } = { replica: this.#driver.status }
    const { role, clusterId, epoch, lastLsn, commitLsn, hearsLeader } = replica
    return {
      ...this.#health(replica),
      role: role === 'halted' ? 'candidate' : role,
      peerAddress: this.#reachedAt,
      clusterId,
      epoch,
      lastLsn,
      commitLsn,
      load: this.#options.load?.() ?? 0,
      hearsLeader: role === 'leader' || hearsLeader,
    }
  }

  #health({
    role,
    inSync,
    storeId,
    problem,
    notWritable,
    caughtUp,
  }: ReplicaStatus): Pick<MemberReport, 'health' | 'reason'> {
    if (this.#draining) return { health: 'draining', reason: 'it stops' }
    // Of a leader, that it takes no writes counts for more than a trouble with which it takes them.
    const writes = role !== 'leader' || notWritable === undefined
    const reason = this.#unhealthy ?? (writes ? problem : undefined)
    if (reason !== undefined) return { health: 'unhealthy', reason }
    if (inSync.some((store) => store.storeId === storeId)) {
      if (!caughtUp) return { health: 'catching-up', reason: 'it applies what it has' }
      return { health: 'serving', ...(notWritable !== undefined && { reason: notWritable }) }
    }
    const why = role === 'candidate' ? 'it knows no leader' : 'it is not in sync yet'
    return { health: 'catching-up', reason: why }
  }

  /** The transport and the replica are told who there is whenever that changes. */
  #tellPeers(): void {
    const { names, addresses } = this.#peers
    const allVirgin = this.status.members.allVirgin(names)
    const told = JSON.stringify([[...addresses], allVirgin])
    if (told === this.#peersTold) return
    this.#peersTold = told
    this.#transport.peers(addresses)
    this.#driver.input({ type: 'peers', members: names, allVirgin })
  }

  /**
   * Others who hear the leader keep this member from trying to replace it (rule 3). Each word of
   * theirs counts once, when it comes: what was true then would hold up the next leader.
   */
  #tellLeader(): void {
    const { replica, members } = this.status
    if (replica.role === 'leader') return
    const news = members
      .hearers(replica.epoch)
      .filter(({ member, storeId, generation, version }) => {
        const word = `${generation}.${version}`
        if (this.#heardVersions.get(member) === word) return false
        this.#heardVersions.set(member, word)
        return replica.inSync.some((store) => store.storeId === storeId)
      })
    if (news.length > 0) this.#driver.input({ type: 'leader-heard', epoch: replica.epoch })
  }

  #gossipStep(input: GossipInput): void {
    for (const effect of this.#gossip.step(input)) {
      if (effect.type === 'send') {
        this.#transport.send(effect.to, 'gossip', [encodeGossip(effect.message)])
      } else this.#options.onProblem(effect.message)
    }
  }
}

function nowMs(): number {
  return performance.now()
}

/** An address that stands for all of a host is none that others could use: clients know its name. */
function reachedAt(host: string, port: number, address: string): string {
  const isAny = host === '0.0.0.0' || host === '::'
  if (isAny) return `${address.replace(/:\d+$/, '')}:${port}`
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function sentenceOf({ member, address, message }: PeerProblem): string {
  return `${member ?? 'A peer'} at ${address}: ${message}`
}
