/** Members over real connections, journals and stores; only the coordinator is in memory. */
import { X509Certificate, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { EventLog, type EventLogOptions, type GoetheError } from '@goethe/core'
import { ClassicLevel } from 'classic-level'
import { describe, expect, it } from 'vitest'
import { tempFolder } from '../../core/tests-support/temp-folder.js'
import { TestAuthority } from '../../server/tests-support/certificates.js'
import { freePort, freePorts } from '../tests-support/free-ports.js'
import { TestPeer } from '../tests-support/peers.js'
import { SlowLinks } from '../tests-support/slow-links.js'
import { ClusterMember } from './cluster-member.js'
import { CoordinatorMemory } from './coordinator/memory-coordinator.js'
import { StaticDiscovery } from './discovery/static-discovery.js'
import type { ClusterMemberOptions, MemberSecurity } from './member/member-options.js'
import type { SnapshotChunk } from './member/snapshot-source.js'
import { StoreDirectory } from './member/store-directory.js'
import { ReplicatedLevel } from './replicated-level.js'
import { encodePeerMessage } from './transport/peer-message-codec.js'
import type { PeerTlsFiles } from './transport/peer-tls.js'

const names = ['goethe-0', 'goethe-1', 'goethe-2']
const times = {
  heartbeatMs: 50,
  electionTimeoutMs: 500,
  replicaTimeoutMs: 500,
  leaseMs: 2000,
  renewMs: 500,
  retryMs: 100,
  // A process that does not get to run for a while has not been silent: all members are in it.
  tickMsMax: 50,
}
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

const databaseAt = (path: string): ClassicLevel<Uint8Array, Uint8Array> =>
  new ClassicLevel(path, { keyEncoding: 'view', valueEncoding: 'view' })

class TestCluster {
  readonly memory = new CoordinatorMemory()
  readonly members = new Map<string, ClusterMember>()
  readonly problems: string[] = []
  /** Of members that are opened from now on. */
  more: Partial<ClusterMemberOptions> = {}
  /** Ports by which members reach others, where there is something in between. */
  readonly reachedAt = new Map<string, number>()
  readonly #leads = new Map<string, boolean>()
  readonly #waiting = new Set<() => void>()

  private constructor(
    readonly folder: string,
    readonly ports: Map<string, number>,
    readonly security: MemberSecurity,
  ) {}

  static async start(
    folder: string,
    members = names,
    security: MemberSecurity = { secrets: ['a secret that all members share'] },
    more: Partial<ClusterMemberOptions> = {},
    links?: SlowLinks,
  ): Promise<TestCluster> {
    const free = await freePorts(members.length)
    const ports = new Map(members.map((name, index) => [name, free[index]!]))
    const cluster = new TestCluster(folder, ports, security)
    cluster.more = more
    for (const [name, port] of links === undefined ? [] : ports) {
      cluster.reachedAt.set(name, await links!.to(port))
    }
    for (const name of members) await cluster.open(name, members)
    return cluster
  }

  /** The same one, with its members at other ports. */
  at(ports: Map<string, number>): TestCluster {
    return new TestCluster(this.folder, ports, this.security)
  }

  /** `knows`: whom the list of peers names that it is started with. */
  async open(name: string, knows: readonly string[] = names): Promise<ClusterMember> {
    const told = (leads: boolean) => (): void => {
      this.#leads.set(name, leads)
      for (const resume of this.#waiting) resume()
      this.#waiting.clear()
    }
    const member = await ClusterMember.open({
      directory: join(this.folder, name),
      database: databaseAt,
      member: name,
      address: `${name}.test:1337`,
      peers: { host: '127.0.0.1', port: this.ports.get(name)! },
      security: this.security,
      minInSync: 2,
      coordinator: this.memory.coordinator(),
      discovery: new StaticDiscovery(
        knows.map((other) => {
          const port = this.reachedAt.get(other) ?? this.ports.get(other)
          return `${other}=127.0.0.1:${port}`
        }),
      ),
      listener: {
        onLead: told(true),
        onFollow: told(false),
        onReplace: () => Promise.resolve(),
        onReplaced: () => undefined,
        onHalt: (reason) => this.problems.push(reason),
      },
      onProblem: (problem) => this.problems.push(problem),
      times,
      ...this.more,
    })
    this.members.set(name, member)
    return member
  }

  async leader(): Promise<[string, ClusterMember]> {
    for (;;) {
      for (const [name, leads] of this.#leads) {
        const member = this.members.get(name)
        if (leads && member !== undefined) return [name, member]
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  async close(name: string, deadlineMs = 0): Promise<void> {
    const member = this.members.get(name)!
    this.members.delete(name)
    this.#leads.delete(name)
    await member.close(deadlineMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.members.keys()]) await this.close(name)
  }
}

const logOf = (member: ClusterMember, options: EventLogOptions = {}): Promise<EventLog> =>
  EventLog.open(new ReplicatedLevel(member.store, member.replication), options)

describe('a cluster over real connections', () => {
  it('lets no second process run a member, and leaves its files alone', async () => {
    await using folder = await tempFolder()
    await using cluster = await TestCluster.start(folder.path)
    const [name] = await cluster.leader()
    const path = join(folder.path, name, 'journal', '0000000000000001.journal')
    // What looks cut off may be a write that is under way.
    await appendFile(path, new Uint8Array(10))
    const { size } = await stat(path)
    await expect(cluster.open(name)).rejects.toMatchObject({ code: 'GOETHE_LOCKED' })
    expect((await stat(path)).size).toBeGreaterThanOrEqual(size)
  })

  it('elects, replicates, and goes on when its leader is gone', async () => {
    await using folder = await tempFolder()
    await using cluster = await TestCluster.start(folder.path)
    const [first, leader] = await cluster.leader()
    const log = await logOf(leader)
    const receipts = await Promise.all(
      Array.from({ length: 500 }, (_, index) => log.append('orders', text(`event ${index}`))),
    )
    expect(receipts).toHaveLength(500)
    await leader.confirm()
    await cluster.close(first)
    const [second, next] = await cluster.leader()
    expect(second).not.toBe(first)
    const after = await logOf(next)
    const events = await after.read('orders').toArray()
    expect(events.map((event) => event.id)).toEqual(receipts.map(({ firstId }) => firstId))
    await after.append('orders', text('and on'))
    const back = await cluster.open(first)
    await expect.poll(() => back.status.replica.appliedLsn).toBe(next.status.replica.appliedLsn)
    await expect.poll(() => next.status.replica.inSync.length).toBe(3)
    await expect
      .poll(() => next.status.members.members.map(({ report }) => report.health))
      .toEqual(['serving', 'serving', 'serving'])
    const { epoch, followers } = next.status.replica
    expect(followers.map(({ heldEpoch }) => heldEpoch)).toEqual([epoch, epoch])
    await expect.poll(() => back.status.members.get(second)?.report.lastEpoch).toBe(epoch)
    await after.close()
  })

  it('hands over without a pause when its leader is stopped', async () => {
    await using folder = await tempFolder()
    await using cluster = await TestCluster.start(folder.path)
    const [first, leader] = await cluster.leader()
    const log = await logOf(leader)
    await log.append('orders', text('before'))
    await expect.poll(() => leader.status.replica.inSync.length).toBe(3)
    await cluster.close(first, 5000)
    const [, next] = await cluster.leader()
    const after = await logOf(next)
    await after.append('orders', text('after'))
    const events = await after.read('orders').toArray()
    expect(events.map((event) => event.text())).toEqual(['before', 'after'])
    expect(next.status.replica.epoch).toBe(2)
    await after.close()
  })

  it('takes in a member that the others have no configuration of, whoever leads', async () => {
    await using folder = await tempFolder()
    await using cluster = await TestCluster.start(folder.path)
    const [first, leader] = await cluster.leader()
    const log = await logOf(leader)
    await log.append('orders', text('before'))
    await expect.poll(() => leader.status.replica.inSync.length).toBe(3)
    cluster.ports.set('goethe-3', await freePort())
    // It knows one of them alone, and not the leader.
    const known = names.find((name) => name !== first)!
    const added = await cluster.open('goethe-3', [known])
    const inSync = (member: ClusterMember) =>
      member.status.replica.inSync.map(({ member: name }) => name)
    await expect.poll(() => inSync(leader)).toEqual([...names, 'goethe-3'])
    await log.append('orders', text('after'))
    await expect.poll(() => added.status.replica.appliedLsn).toBe(leader.status.replica.appliedLsn)

    // The next leader feeds it too, and a member that is started again learns of it anew.
    leader.setMinInSync(3)
    await expect.poll(() => leader.status.replica.minInSync).toBe(3)
    await cluster.close(first)
    const [second, next] = await cluster.leader()
    const after = await logOf(next)
    await after.append('orders', text('after that'))
    const last = next.status.replica.lastLsn
    await expect.poll(() => added.status.replica.lastLsn).toBe(last)
    const back = await cluster.open(first)
    await expect.poll(() => back.status.members.get('goethe-3')?.report.health).toBe('serving')
    await expect.poll(() => inSync(next)).toContain(first)
    expect(second).not.toBe(first)
    await after.close()
  }, 30_000)

  it('lets nobody in that was removed, until it is added again', async () => {
    await using folder = await tempFolder()
    await using cluster = await TestCluster.start(folder.path)
    const [first, leader] = await cluster.leader()
    const log = await logOf(leader)
    const count = () => leader.status.replica.inSync.length
    await expect.poll(count).toBe(3)
    const name = names.find((one) => one !== first)!
    const removed = cluster.members.get(name)!
    leader.remove(name)
    await expect.poll(count).toBe(2)
    await expect
      .poll(() => removed.status.replica.problem)
      .toContain('an operator removed this store')
    await log.append('orders', text('without it'))
    expect(count()).toBe(2)
    leader.admit(name)
    await expect.poll(count).toBe(3)
    const { lastLsn } = leader.status.replica
    expect(removed.status.replica).toMatchObject({ lastLsn, problem: undefined })
    await log.close()
  }, 30_000)

  it('sends what is larger than a message is by default, where that is allowed', async () => {
    await using folder = await tempFolder()
    // All of it is sent before the next word of the leader is.
    const patient = {
      ...times,
      replicaTimeoutMs: 30_000,
      electionTimeoutMs: 30_000,
      leaseMs: 60_000,
    }
    const more = { messageBytesMax: 72 * 2 ** 20, times: patient }
    await using cluster = await TestCluster.start(folder.path, names, undefined, more)
    const [, leader] = await cluster.leader()
    const log = await logOf(leader, { eventBytesMax: 70 * 2 ** 20 })
    await log.append('films', new Uint8Array(66 * 2 ** 20).fill(7))
    const last = leader.status.replica.lastLsn
    for (const member of cluster.members.values()) {
      await expect.poll(() => member.status.replica.appliedLsn).toBe(last)
    }
    await log.close()
  }, 60_000)

  it('stays as it is while an entry takes longer than its members may be silent', async () => {
    await using folder = await tempFolder()
    await using links = new SlowLinks(2 * 2 ** 20)
    const patience = { electionTimeoutMs: 1_000, replicaTimeoutMs: 1_000, leaseMs: 30_000 }
    const more = { times: { ...times, ...patience } }
    await using cluster = await TestCluster.start(folder.path, names, undefined, more, links)
    const [, leader] = await cluster.leader()
    const inSync = () => leader.status.replica.inSync.map(({ member }) => member)
    await expect.poll(inSync).toEqual(names)
    const { epoch } = leader.status.replica
    const log = await logOf(leader, { eventBytesMax: 10 * 2 ** 20 })
    // Some four seconds to each of the others.
    await log.append('films', randomBytes(8 * 2 ** 20))
    expect(leader.status.replica).toMatchObject({ role: 'leader', epoch })
    expect(inSync()).toEqual(names)
    await log.close()
  }, 60_000)

  it('lets no member speak for another one', async () => {
    await using folder = await tempFolder()
    await using cluster = await TestCluster.start(folder.path)
    const [name, leader] = await cluster.leader()
    await using peer = await TestPeer.start('goethe-9', { secrets: cluster.security.secrets! })
    peer.connect({ [name]: cluster.ports.get(name)! })
    await peer.connected(name)
    const from = { member: 'goethe-1', storeId: 'store-goethe-9', incarnation: 'run-goethe-9' }
    const { clusterId, epoch } = leader.status.replica
    const body = { type: 'refuse' } as const
    const message = { from, clusterId: clusterId!, epoch: epoch + 1_000, body }
    peer.transport.send(name, 'replica', encodePeerMessage(message))
    expect((await peer.problem('unauthenticated')).message).toContain(
      'in the name of member "goethe-1"; when it connected it was member "goethe-9"',
    )
    expect(leader.status.replica.epoch).toBeLessThan(epoch + 1_000)
  })

  it('goes on undisturbed where another server has the name of a member, which is told so', async () => {
    await using folder = await tempFolder()
    await using cluster = await TestCluster.start(folder.path)
    const [first, leader] = await cluster.leader()
    const inSync = () => leader.status.replica.inSync.map(({ member }) => member)
    await expect.poll(inSync, { timeout: 10_000 }).toEqual(names)
    const name = names.find((one) => one !== first)!
    const member = cluster.members.get(name)!
    const { connects } = member.counters.peers.get(first)!
    const refused = () => leader.counters.listen.refused['name-taken']
    cluster.problems.length = 0
    const told: string[] = []
    cluster.more = {
      directory: join(folder.path, 'double'),
      peers: { host: '127.0.0.1', port: 0 },
      onProblem: (problem) => told.push(problem),
    }
    const double = await cluster.open(name)
    cluster.members.set(name, member)
    try {
      // It tries again for as long as it runs, each time with both of its connections.
      await expect.poll(refused, { timeout: 20_000 }).toBeGreaterThan(8)
      const others = names.filter((one) => one !== name)
      const sentence = new RegExp(
        `^(${others.join('|')}) at 127\\.0\\.0\\.1:\\d+: it says: Another server calls itself ${name}, and is`,
      )
      expect(double.status.replica.problem).toMatch(sentence)
      await expect
        .poll(() => double.status.members.get(name)!.report)
        .toMatchObject({ health: 'unhealthy', reason: expect.stringMatching(sentence) })
      // Each link tells its own once.
      expect(told.filter((problem) => sentence.test(problem))).toHaveLength(4)
      const lines = cluster.problems.filter((problem) => problem.includes('calls itself'))
      expect(lines).toHaveLength(2)
      expect(member.counters.peers.get(first)!.connects).toBe(connects)
      expect(inSync()).toEqual(names)
      const log = await logOf(leader)
      await log.append('orders', text('as before'))
      await expect
        .poll(() => member.status.replica.appliedLsn)
        .toBe(leader.status.replica.appliedLsn)
      await log.close()
    } finally {
      await double.close()
    }
  }, 30_000)

  it('refuses what fits into no message, and goes on', async () => {
    await using folder = await tempFolder()
    await using cluster = await TestCluster.start(folder.path, names, undefined, {
      messageBytesMax: 2 ** 20,
    })
    const [, leader] = await cluster.leader()
    const log = await logOf(leader)
    await log.append('films', new Uint8Array(900_000))
    const { lastLsn } = leader.status.replica
    const tooLarge = leader.replication.propose(new Uint8Array(2 ** 20))
    await expect(tooLarge).rejects.toMatchObject({
      code: 'GOETHE_EVENT_TOO_LARGE',
      message: expect.stringContaining('A write of 1048576 bytes does not fit into a message'),
    })
    expect(leader.status.replica.lastLsn).toBe(lastLsn)
    await log.append('films', text('and on'))
    expect(leader.status.replica.role).toBe('leader')
    await log.close()
  }, 30_000)

  it('does not start at an address that is taken', async () => {
    await using folder = await tempFolder()
    await using cluster = await TestCluster.start(folder.path)
    await cluster.close(names[1]!)
    const taken = new Map(cluster.ports).set(names[1]!, cluster.ports.get(names[0]!)!)
    const again = cluster.at(taken)
    const error: unknown = await again.open(names[1]!).catch((reason: unknown) => reason)
    expect((error as GoetheError).code).toBe('GOETHE_UNAVAILABLE')
    // Nothing is left locked.
    await cluster.open(names[1]!)
  })

  it('shows a certificate that was renewed to those who connect from then on', async () => {
    await using folder = await tempFolder()
    const authority = await TestAuthority.create(folder.path)
    const files = async (): Promise<PeerTlsFiles> => {
      const { cert, key } = await authority.sign('member', 'goethe-0')
      return { ca: authority.cert, cert, key }
    }
    let use: ((tls: PeerTlsFiles) => void) | undefined
    const tls = await files()
    const watchTls = (told: typeof use) => {
      use = told
      return () => {
        use = undefined
      }
    }
    await using cluster = await TestCluster.start(folder.path, ['goethe-0'], { tls, watchTls })
    const port = cluster.ports.get('goethe-0')!
    const shown = async (): Promise<string> => {
      const socket = connect({
        host: '127.0.0.1',
        port,
        ...tls,
        checkServerIdentity: () => undefined,
      })
      await once(socket, 'secureConnect')
      const { fingerprint256 } = socket.getPeerX509Certificate()!
      socket.destroy()
      return fingerprint256
    }
    const next = await files()
    expect(await shown()).toBe(new X509Certificate(tls.cert).fingerprint256)
    use!(next)
    expect(await shown()).toBe(new X509Certificate(next.cert).fingerprint256)
    await cluster.close('goethe-0')
    expect(use).toBeUndefined()
  })

  it('applies again what its store had not made durable when the power went', async () => {
    await using folder = await tempFolder()
    await using cluster = await TestCluster.start(folder.path)
    const [name, leader] = await cluster.leader()
    const log = await logOf(leader)
    const receipt = await log.append('orders', text('event'))
    await log.close()
    for (const each of names) await cluster.close(each)
    // As after a loss of power that left the note of the last entry, and not the entry.
    const root = databaseAt(join(folder.path, name, 'store'))
    await root.del('!cluster!flushed', { keyEncoding: 'utf8' })
    for await (const key of root.keys({ gt: '!store!', lt: '!store"', keyEncoding: 'utf8' })) {
      await root.del(key, { keyEncoding: 'utf8' })
    }
    await root.close()

    const member = await cluster.open(name)
    expect(member.status.replica.appliedLsn).toBeGreaterThan(0)
    const events = await (await logOf(member)).read('orders').toArray()
    expect(events.map(({ id }) => id)).toEqual([receipt.firstId])
  })

  it('knows damage from a crash that came while a snapshot took the place of its store', async () => {
    await using folder = await tempFolder()
    await using cluster = await TestCluster.start(folder.path)
    await cluster.leader()
    for (const name of names) await cluster.close(name)
    const directory = join(folder.path, names[0]!)
    const applied = { lsn: 1_000, epoch: 1 }
    async function* snapshot(): AsyncGenerator<SnapshotChunk> {
      yield await Promise.resolve({ type: 'end', applied, entries: 0 })
    }
    const stores = await StoreDirectory.open({ directory, database: databaseAt })
    await stores.receive(snapshot())
    await stores.replace()
    await stores.close()
    // Its journal follows the store.
    const member = await cluster.open(names[0]!)
    expect(member.status.replica).toMatchObject({ lastLsn: 1_000, appliedLsn: 1_000 })
    await cluster.close(names[0]!)

    // With the journal of one that was emptied the store is ahead of it by nobody's leave.
    await rm(join(directory, 'journal'), { recursive: true })
    await expect(cluster.open(names[0]!)).rejects.toMatchObject({
      code: 'GOETHE_CORRUPT',
      message: expect.stringContaining('the store ends with entry 1000, and the journal with 0'),
    })
  })
})
