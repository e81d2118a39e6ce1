/** A cluster on this machine: a real etcd, or a named leader, and built servers in processes of their own. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ClusterStatus, connect } from '@goethe/client'
import { type TempFolder, tempFolder } from '../../packages/core/tests-support/temp-folder.js'
import { EtcdProcess, hasEtcd } from '../../packages/cluster/tests-support/etcd-process.js'
import { freePorts } from '../../packages/cluster/tests-support/free-ports.js'
import { type ServerProcess, startServerProcess } from '../server/server-process.js'

/** Where Debian's package etcd-server is not installed, there is no cluster to be tested. */
export { hasEtcd }

/** One member, which may be stopped at the moment. */
export interface Member {
  readonly name: string
  readonly data: string
  /** `goethe://host:port`, the same after each start. */
  readonly address: string
  /** `http://host:port`, the same after each start. */
  readonly url: string
  /** The running server. */
  readonly server: ServerProcess
}

interface Place {
  readonly name: string
  readonly data: string
  readonly grpcPort: number
  readonly httpPort: number
  readonly peerPort: number
}

export class LocalCluster implements AsyncDisposable {
  /** Undefined where a leader is named. */
  readonly #etcd: EtcdProcess | undefined
  /** The member that leads because all are told so; members that are started from now on are. */
  namedLeader: string | undefined
  readonly #folder: TempFolder
  readonly #places: readonly Place[]
  readonly #servers = new Map<string, ServerProcess>()

  private constructor(keeper: EtcdProcess | string, folder: TempFolder, places: readonly Place[]) {
    this.#etcd = typeof keeper === 'string' ? undefined : keeper
    this.namedLeader = typeof keeper === 'string' ? keeper : undefined
    this.#folder = folder
    this.#places = places
  }

  /**
   * Three members, one of which leads and the others of which are in sync. They choose it by way of
   * etcd, unless it is named.
   */
  static async start({ namedLeader }: { namedLeader?: string } = {}): Promise<LocalCluster> {
    const folder = await tempFolder()
    const ports = await freePorts(9)
    const places = [0, 1, 2].map((index) => ({
      name: `goethe-${index}`,
      data: join(folder.path, `goethe-${index}`),
      grpcPort: ports[index]!,
      httpPort: ports[3 + index]!,
      peerPort: ports[6 + index]!,
    }))
    await writeFile(join(folder.path, 'secret'), 'the secret of these three')
    const keeper = namedLeader ?? (await EtcdProcess.start())
    const cluster = new LocalCluster(keeper, folder, places)
    try {
      await Promise.all(places.map(({ name }) => cluster.run(name)))
      await cluster.allInSync()
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Throws where a leader is named. */
  get etcd(): EtcdProcess {
    if (this.#etcd === undefined) throw new Error('This cluster has no etcd')
    return this.#etcd
  }

  get names(): readonly string[] {
    return this.#places.map(({ name }) => name)
  }

  /** Those that run. */
  get members(): readonly Member[] {
    return this.names.filter((name) => this.#servers.has(name)).map((name) => this.get(name))
  }

  /** Of all members, as clients are given them. */
  get addresses(): readonly string[] {
    return this.#places.map(({ grpcPort }) => `goethe://127.0.0.1:${grpcPort}`)
  }

  /** Throws for a member that does not run. */
  get(name: string): Member {
    const server = this.#servers.get(name)
    if (server === undefined) throw new Error(`${name} does not run`)
    const { data, address, url } = server
    return { name, data, address, url, server }
  }

  /** Starts a member, again in its folder and on its ports; resolves once it answers. */
  async run(name: string, options: MemberOptions = {}): Promise<Member> {
    const { data, grpcPort, httpPort } = this.#place(name)
    await mkdir(data, { recursive: true })
    const args = await this.#arguments(name, options)
    const server = await startServerProcess({ data, grpcPort, httpPort, args })
    this.#servers.set(name, server)
    return this.get(name)
  }

  /** Sends the signal, and resolves once the member has ended, well if it was asked to. */
  async end(name: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { server } = this.get(name)
    server.kill(signal)
    const { code } = await server.ended
    this.#servers.delete(name)
    if (signal === 'SIGTERM' && code !== 0) {
      throw new Error(`${name} ended with ${code}:\n${server.stderr}`)
    }
  }

  /** Removes what a member that does not run has on its disk. */
  async emptyDisk(name: string): Promise<void> {
    await rm(this.#place(name).data, { recursive: true })
  }

  /** What a member says of the cluster, as soon as it says something. */
  async status(name: string): Promise<ClusterStatus> {
    for (;;) {
      const answer = await answerOf(this.get(name), 'cluster')
      if (answer !== undefined) return answer as ClusterStatus
      await soon()
    }
  }

  /**
   * Waits until all members have the same, byte by byte: events, and where consumers stand. Gives
   * the bytes.
   */
  async contents(): Promise<Buffer> {
    for (;;) {
      const [first, ...others] = await Promise.all(this.members.map((member) => exported(member)))
      if (others.every((other) => other.equals(first!))) return first!
      await soon()
    }
  }

  /** The member that takes writes, once there is one; besides `except`. */
  async leader(except?: string): Promise<Member> {
    for (;;) {
      for (const member of this.members) {
        if (member.name !== except && (await stateOf(member)) === 'open') return member
      }
      await soon()
    }
  }

  /** Members that run and do not lead, as far as they know. */
  async followers(): Promise<Member[]> {
    const leader = await this.leader()
    return this.members.filter(({ name }) => name !== leader.name)
  }

  /** Resolves once every member runs, and leads or follows in sync. */
  async allInSync(): Promise<void> {
    for (;;) {
      const states = await Promise.all(this.members.map((member) => stateOf(member)))
      const good = states.filter((state) => state === 'open' || state === 'following')
      if (good.length === this.names.length) return
      await soon()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server[Symbol.asyncDispose]()))
    await this.#etcd?.[Symbol.asyncDispose]()
    await this.#folder[Symbol.asyncDispose]()
  }

  #place(name: string): Place {
    return this.#places.find((place) => place.name === name)!
  }

  async #arguments(name: string, options: MemberOptions): Promise<string[]> {
    const { secret, alone = false, forward = true, namedLeader = this.namedLeader } = options
    const { grpcPort, peerPort } = this.#place(name)
    const known = this.#places.filter((place) => !alone || place.name === name)
    const peers = known.map((place) => `${place.name}=127.0.0.1:${place.peerPort}`)
    const secretFile = join(this.#folder.path, secret === undefined ? 'secret' : `secret-${name}`)
    if (secret !== undefined) await writeFile(secretFile, secret)
    return [
      namedLeader === undefined
        ? ['--cluster', 'etcd', '--cluster-etcd-endpoints', `http://127.0.0.1:${this.etcd.port}`]
        : ['--cluster', 'static', '--cluster-leader', namedLeader],
      ['--cluster-member', name, '--cluster-address', `127.0.0.1:${grpcPort}`],
      ['--cluster-peer-port', String(peerPort), '--cluster-peers', peers.join(',')],
      ['--cluster-secret-file', secretFile, '--disk-reserve-bytes', '0'],
      ['--cluster-journal-entries', '100'],
      forward ? [] : ['--no-cluster-forward'],
      alone ? ['--cluster-etcd-key', 'another', '--cluster-min-in-sync', '1'] : [],
    ].flat()
  }
}

export interface MemberOptions {
  /** Default: that of all members. */
  readonly secret?: string
  /** As a cluster of its own. */
  readonly alone?: boolean
  /** Whether it has the leader do what is written to it. Default: true. */
  readonly forward?: boolean
  /** Another one than the others are told. */
  readonly namedLeader?: string
}

async function stateOf(member: Member): Promise<string | undefined> {
  const readiness = await answerOf(member, 'readyz')
  return (readiness as { store: string } | undefined)?.store
}

async function answerOf({ url }: Member, path: string): Promise<unknown> {
  try {
    // One that was stopped by a signal says nothing, and one that is busy takes its time.
    const answer = await fetch(`${url}/${path}`, { signal: AbortSignal.timeout(5_000) })
    return await answer.json()
  } catch {
    return undefined
  }
}

async function exported({ address }: Member): Promise<Buffer> {
  const log = connect(address)
  try {
    const chunks: Uint8Array[] = []
    await log.exportTo((chunk) => void chunks.push(chunk.slice()))
    return Buffer.concat(chunks)
  } finally {
    await log.close()
  }
}

/** What another process does can only be looked at again. */
function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20))
}
