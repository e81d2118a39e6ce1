/** Members of a cluster in one process: real journals and stores, links that a test can cut. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { EventLog, GoetheError, systemClock } from '@goethe/core'
import { ClassicLevel } from 'classic-level'
import type { Coordinator } from '../src/coordinator/coordinator.js'
import { CoordinatorMemory } from '../src/coordinator/memory-coordinator.js'
import type { AppliedStore } from '../src/applied-store.js'
import { Journal } from '../src/journal/journal.js'
import { nodeDisk } from '../src/journal/node-disk.js'
import type { PeerLink } from '../src/member/peer-link.js'
import { PeerSnapshots } from '../src/member/peer-snapshots.js'
import { ReplicaDriver } from '../src/member/replica-driver.js'
import { SnapshotSender } from '../src/member/snapshot-sender.js'
import { StoreDirectory } from '../src/member/store-directory.js'
import type { PeerMessage } from '../src/replica/messages.js'
import { type ReplicaLimits, defaultLimits, defaultTimes } from '../src/replica/options.js'
import { ReplicatedLevel } from '../src/replicated-level.js'

/** Short, so that a test need not wait long for a take-over. */
const times = {
  ...defaultTimes,
  // By each tick of the driver: a follower hears its leader for three times as long.
  heartbeatMs: 40,
  electionTimeoutMs: 300,
  replicaTimeoutMs: 300,
  leaseMs: 1000,
  renewMs: 200,
  retryMs: 50,
  // A process that does not get to run for a while has not been silent: all members are in it.
  tickMsMax: 50,
}

export class LocalMembers {
  readonly coordination = new CoordinatorMemory()
  readonly running = new Map<string, LocalMember>()
  readonly #cut = new Set<string>()
  readonly #isolated = new Set<string>()
  readonly #waiting = new Set<() => void>()

  constructor(
    readonly folder: string,
    readonly names: readonly string[],
    readonly limits: ReplicaLimits = defaultLimits,
  ) {}

  async start(name: string): Promise<LocalMember> {
    const member = await LocalMember.open(this, name)
    this.running.set(name, member)
    for (const { member: other, name } of this.running.values()) this.introduce(other, name)
    return member
  }

  /** Nothing passes between these two until `mend`. */
  cut(one: string, other: string): void {
    this.#cut.add(`${one} ${other}`).add(`${other} ${one}`)
  }

  /** Nothing passes between these and all others, the coordinator among them, until `mend`. */
  isolate(...names: string[]): void {
    const others = this.names.filter((other) => !names.includes(other))
    for (const name of names) {
      for (const other of others) this.cut(name, other)
      this.#isolated.add(name)
    }
  }

  mend(): void {
    this.#cut.clear()
    this.#isolated.clear()
  }

  /** The way to the record of one that may be isolated. */
  coordinatorOf(name: string): Coordinator {
    const coordinator = this.coordination.coordinator()
    const isAway = (): boolean => this.#isolated.has(name)
    const cause = new GoetheError('GOETHE_UNAVAILABLE', 'The coordinator is out of reach')
    return {
      read: (signal) => (isAway() ? Promise.reject(cause) : coordinator.read(signal)),
      change: (token, record) =>
        isAway()
          ? Promise.resolve({ outcome: 'failed', cause })
          : coordinator.change(token, record),
      watch: (onChange) =>
        coordinator.watch(() => {
          if (!isAway()) onChange()
        }),
      close: () => coordinator.close(),
    }
  }

  reachable(from: string, to: string): LocalMember | undefined {
    return this.#cut.has(`${from} ${to}`) ? undefined : this.running.get(to)
  }

  introduce(member: ReplicaDriver, name: string): void {
    const members = this.names.filter((other) => other !== name)
    const all = members.every((other) => this.running.has(other))
    const virgin = [...this.running.values()].every(
      (one) => one.member.status.clusterId === undefined,
    )
    member.input({ type: 'peers', members, allVirgin: all && virgin })
  }

  changed(): void {
    for (const resume of this.#waiting) resume()
    this.#waiting.clear()
  }

  /** Resolves with the member that leads, and has opened its log, once there is one. */
  async leader(other?: string): Promise<LocalMember> {
    for (;;) {
      for (const member of this.running.values()) {
        if (member.leads && member.log !== undefined && member.name !== other) return member
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of [...this.running.values()]) await member.kill()
  }
}

export class LocalMember {
  /** Open as long as the member leads; followers open theirs with `follow`. */
  log: EventLog | undefined
  leads = false
  halted: string | undefined
  /** Snapshots that took the place of the store. */
  replaced = 0
  member!: ReplicaDriver
  level!: ReplicatedLevel
  store!: AppliedStore
  journal!: Journal
  sender!: SnapshotSender
  readonly #closing: (() => Promise<void>)[] = []

  private constructor(
    readonly cluster: LocalMembers,
    readonly name: string,
  ) {}

  static async open(cluster: LocalMembers, name: string): Promise<LocalMember> {
    const local = new LocalMember(cluster, name)
    const directory = join(cluster.folder, name)
    const clock = systemClock()
    const disk = await nodeDisk(join(directory, 'journal'))
    const newSalt = (): number => Math.floor(Math.random() * 2 ** 32)
    const journal = await Journal.open({
      disk,
      newStoreId: randomUUID,
      newSalt,
      segmentBytes: 65_536,
    })
    const stores = await StoreDirectory.open({
      directory,
      database: (path) => new ClassicLevel(path, { keyEncoding: 'view', valueEncoding: 'view' }),
    })
    const sender = new SnapshotSender({
      store: () => stores.current,
      leads: () => (local.leads ? local.member.status.epoch : undefined),
      clock,
      newId: randomUUID,
    })
    const coordinator = cluster.coordinatorOf(name)
    local.member = new ReplicaDriver({
      member: name,
      incarnation: randomUUID(),
      address: `${name}:1337`,
      minInSync: 2,
      times,
      limits: cluster.limits,
      journal,
      stores,
      snapshots: new PeerSnapshots((from, request) => {
        const other = cluster.reachable(name, from)
        if (other === undefined) throw new GoetheError('GOETHE_UNAVAILABLE', 'It is away')
        return other.sender.send(request)
      }),
      coordinator,
      peers: local.#link(),
      listener: {
        onLead: () => {
          local.leads = true
          void local.#openLog()
        },
        onFollow: () => {
          local.leads = false
          cluster.changed()
        },
        onReplace: async () => {
          await local.log?.close()
          local.log = undefined
          await local.level.close()
        },
        onReplaced: (store) => {
          local.replaced++
          local.#serve(store)
          cluster.changed()
        },
        onHalt: (reason) => {
          local.halted = reason
          cluster.changed()
        },
      },
      flushMs: 50,
      clock,
      nowMs: () => performance.now(),
      random: () => Math.random(),
      newId: randomUUID,
    })
    local.sender = sender
    local.journal = journal
    local.#serve(stores.current)
    local.#closing.push(
      () => sender.close(),
      () => journal.close(),
      () => stores.close(),
      () => coordinator.close(),
    )
    return local
  }

  /** Reads what is applied here, once that is what the leader has applied by now. */
  async follow(): Promise<EventLog> {
    const { member: leading } = await this.cluster.leader()
    const { appliedLsn } = leading.status
    while (this.member.status.appliedLsn < appliedLsn) {
      await new Promise<void>((resolve) => {
        const stop = this.member.onApplied(() => {
          stop()
          setImmediate(resolve)
        })
      })
    }
    this.log = await EventLog.open(this.level)
    return this.log
  }

  /** Ends without a word to anybody. */
  async kill(): Promise<void> {
    await this.#end(() => this.member.end(new GoetheError('GOETHE_CLOSED', 'It was killed')))
  }

  async stop(): Promise<void> {
    await this.#end(() => this.member.stop(5000))
  }

  async #end(end: () => Promise<void>): Promise<void> {
    await end()
    this.cluster.running.delete(this.name)
    this.leads = false
    await this.log?.close()
    for (const close of this.#closing) await close()
  }

  async #openLog(): Promise<void> {
    await this.log?.close()
    this.log = await EventLog.open(this.level)
    this.cluster.changed()
  }

  #serve(store: AppliedStore): void {
    this.store = store
    this.level = new ReplicatedLevel(store, this.member)
  }

  #link(): PeerLink {
    const deliver = (to: string, message: PeerMessage): void => {
      setImmediate(() => {
        const other = this.cluster.reachable(this.name, to)
        if (this.cluster.running.get(this.name) !== this) return
        other?.member.input({ type: 'message', message: structuredClone(message) })
      })
    }
    return {
      send: deliver,
      sendEntries: (to, envelope, header, stored) => {
        const entries = stored.map(({ lsn, epoch, operations }) => ({
          lsn,
          epoch,
          bytes: operations.length,
          ...(operations.length > 0 && { payload: operations }),
        }))
        deliver(to, { ...envelope, body: { ...header, entries } })
      },
    }
  }
}
