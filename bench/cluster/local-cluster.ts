import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { goetheCommand } from '../server/contestants/goethe'
import { freePort, type ServerProcess, startNode, startServer } from '../server/server-process'

export interface Member {
  name: string
  grpcPort: number
  processId: number
}

interface Place {
  name: string
  directory: string
  grpcPort: number
  httpPort: number
  peerPort: number
}

const pollMs = 10

/** An etcd and three members, built, each in a process of its own. */
export class LocalCluster {
  readonly #directory: string
  readonly #etcd: ServerProcess
  readonly #etcdPort: number
  readonly #places: readonly Place[]
  readonly #running = new Map<string, ServerProcess>()
  #failure: Error | undefined

  private constructor(
    directory: string,
    etcd: ServerProcess,
    etcdPort: number,
    places: readonly Place[],
  ) {
    this.#directory = directory
    this.#etcd = etcd
    this.#etcdPort = etcdPort
    this.#places = places
  }

  /** Resolves once one leads and two follow in sync. */
  static async start(directory: string): Promise<LocalCluster> {
    const places = await Promise.all([0, 1, 2].map((index) => placeIn(directory, index)))
    await writeFile(join(directory, 'secret'), 'the secret of these three')
    const [etcdPort, etcdPeerPort] = await Promise.all([freePort(), freePort()])
    const etcd = await startEtcd(join(directory, 'etcd'), etcdPort, etcdPeerPort)
    const cluster = new LocalCluster(directory, etcd, etcdPort, places)
    await Promise.all(places.map(({ name }) => cluster.run(name)))
    await cluster.inSync()
    return cluster
  }

  /** Of all members, for clients. */
  get addresses(): string[] {
    return this.#places.map(({ name }) => this.addressOf(name))
  }

  addressOf(name: string): string {
    return `goethe://127.0.0.1:${this.#place(name).grpcPort}`
  }

  /** Starts a member; resolves once it can be connected to. */
  async run(name: string): Promise<void> {
    const place = this.#place(name)
    await mkdir(place.directory, { recursive: true })
    const args = this.#arguments(place)
    const server = await startNode(goetheCommand, args, place.grpcPort, name)
    this.#running.set(name, server)
    void server.ended.then((how) => {
      if (this.#running.get(name) !== server) return
      this.#failure = new Error(`${name} has ended by itself: ${how}`)
    })
  }

  /** Ends a member as a crash would, or, with `stop`, in its own way. */
  async end(name: string, how: 'kill' | 'stop'): Promise<void> {
    const server = this.#running.get(name)!
    this.#running.delete(name)
    await server[how]()
  }

  /** Removes what a member that does not run has on its disk. */
  emptyDisk(name: string): Promise<void> {
    return rm(this.#place(name).directory, { recursive: true })
  }

  /** The member that takes writes, once there is one. */
  async leader(): Promise<Member> {
    for (;;) {
      for (const place of this.#places) {
        const process = this.#running.get(place.name)
        if (process !== undefined && (await stateOf(place)) === 'open') {
          return { ...place, processId: process.id }
        }
      }
      await this.#pause()
    }
  }

  /** A member that runs and does not lead. */
  async follower(): Promise<string> {
    const leader = await this.leader()
    return [...this.#running.keys()].find((name) => name !== leader.name)!
  }

  /** Resolves once these, or all of them, lead or follow in sync. */
  async inSync(names: readonly string[] = this.#places.map(({ name }) => name)): Promise<void> {
    for (const name of names) {
      for (;;) {
        const state = await stateOf(this.#place(name))
        if (state === 'open' || state === 'following') break
        await this.#pause()
      }
    }
  }

  async close(): Promise<void> {
    const running = [...this.#running.values()]
    this.#running.clear()
    await Promise.all(running.map((server) => server.stop()))
    await this.#etcd.stop()
  }

  /** Rejects where waiting on would be in vain. */
  async #pause(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    await delay(pollMs)
  }

  #place(name: string): Place {
    return this.#places.find((place) => place.name === name)!
  }

  #arguments({ name, directory, grpcPort, httpPort, peerPort }: Place): string[] {
    const peers = this.#places.map((place) => `${place.name}=127.0.0.1:${place.peerPort}`)
    return [
      ['serve', '--data', directory],
      ['--grpc-port', String(grpcPort), '--http-port', String(httpPort)],
      ['--cluster', 'etcd', '--cluster-etcd-endpoints', `http://127.0.0.1:${this.#etcdPort}`],
      ['--cluster-member', name, '--cluster-address', `127.0.0.1:${grpcPort}`],
      ['--cluster-peer-port', String(peerPort), '--cluster-peers', peers.join(',')],
      ['--cluster-secret-file', join(this.#directory, 'secret')],
    ].flat()
  }
}

async function placeIn(directory: string, index: number): Promise<Place> {
  const name = `goethe-${index}`
  const [grpcPort, httpPort, peerPort] = await Promise.all([freePort(), freePort(), freePort()])
  return { name, directory: join(directory, name), grpcPort, httpPort, peerPort }
}

function startEtcd(directory: string, port: number, peerPort: number): Promise<ServerProcess> {
  const url = `http://127.0.0.1:${port}`
  const peerUrl = `http://127.0.0.1:${peerPort}`
  const args = [
    ['--name', 'etcd', '--data-dir', directory, '--initial-cluster', `etcd=${peerUrl}`],
    ['--listen-client-urls', url, '--advertise-client-urls', url],
    ['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
  ]
  return startServer('etcd', args.flat(), port)
}

/** What a member says of its store; undefined where it does not answer. */
async function stateOf({ httpPort }: Place): Promise<string | undefined> {
  try {
    const answer = await fetch(`http://127.0.0.1:${httpPort}/readyz`, {
      signal: AbortSignal.timeout(500),
    })
    return ((await answer.json()) as { store: string }).store
  } catch {
    return undefined
  }
}
