/** The stores of a cluster's members in one process, on real disks and sockets. */
import { join } from 'node:path'
import {
  ClusterMember,
  CoordinatorMemory,
  type ReplicaListener,
  StaticDiscovery,
} from '@goethe/cluster'
import { GoetheError, systemClock } from '@goethe/core'
import { ClassicLevel } from 'classic-level'
import { expect, vi } from 'vitest'
import { freePorts } from '../../cluster/tests-support/free-ports.js'
import { ClusteredStore } from '../src/cluster/clustered-store.js'
import { createLogger } from '../src/log-writer.js'
import { levelOptions } from '../src/open-store.js'
import { type TempFolder, tempFolder } from './temp-folder.js'

export const silent = createLogger({ level: 'silent', format: 'json' })

export interface ClusteredStoresOptions {
  /** Default: true. */
  readonly forward?: boolean
  /** Bytes of one append that a member has room for. Default: any. */
  readonly bytesMax?: number
}

// A process that does not get to run for a while has not been silent: all members are in it.
const times = { electionTimeoutMs: 500, replicaTimeoutMs: 500, tickMsMax: 50 }

export class ClusteredStores implements AsyncDisposable {
  readonly stores = new Map<string, ClusteredStore>()
  /** What each store has opened, the newest one. */
  readonly members = new Map<string, ClusterMember>()
  readonly #folder: TempFolder
  readonly #memory = new CoordinatorMemory()

  private constructor(folder: TempFolder) {
    this.#folder = folder
  }

  /** Three of them, one of which takes writes and the others of which follow in sync. */
  static async start(options: ClusteredStoresOptions = {}): Promise<ClusteredStores> {
    const cluster = new ClusteredStores(await tempFolder())
    const ports = await freePorts(3)
    const peers = ports.map((port, index) => `goethe-${index}=127.0.0.1:${port}`)
    for (const [index, port] of ports.entries()) {
      await cluster.#open(`goethe-${index}`, port, peers, options)
    }
    await cluster.settled()
    return cluster
  }

  async #open(
    name: string,
    port: number,
    peers: string[],
    { forward = true, bytesMax = Infinity }: ClusteredStoresOptions,
  ): Promise<void> {
    const open = async (listener: ReplicaListener): Promise<ClusterMember> => {
      const member = await ClusterMember.open({
        directory: join(this.#folder.path, name),
        database: (path) => new ClassicLevel(path, levelOptions),
        member: name,
        address: `${name}.test:1337`,
        url: `http://${name}.test:1338`,
        peers: { host: '127.0.0.1', port },
        security: { secrets: ['the secret of these three'] },
        minInSync: 2,
        coordinator: this.#memory.coordinator(),
        discovery: new StaticDiscovery(peers),
        listener,
        times,
        onProblem: () => undefined,
      })
      this.members.set(name, member)
      return member
    }
    const store = await ClusteredStore.open({
      open,
      logOptions: {},
      guard: { hasRoom: true, reason: undefined, refusal: () => undefined },
      admission: {
        bytes: (count) => {
          if (count <= bytesMax) return () => undefined
          const details = { retryDelayMs: 1000 }
          throw new GoetheError('GOETHE_LIMIT', `No room for ${count} bytes`, { details })
        },
      },
      forward,
      logger: silent,
      clock: systemClock(),
      retryDelayMs: 100,
    })
    this.stores.set(name, store)
  }

  /** Resolves once one leads and all others follow it. */
  async settled(): Promise<void> {
    const states = () => [...this.stores.values()].map(({ state }) => state.type).toSorted()
    const settled = [
      ...states()
        .slice(1)
        .map(() => 'following'),
      'open',
    ]
    const patience = { timeout: 30_000, interval: 10 }
    await vi.waitFor(() => expect(states()).toEqual(settled), patience)
  }

  get leader(): string {
    return [...this.stores].find(([, { state }]) => state.type === 'open')![0]
  }

  get followers(): string[] {
    return [...this.stores.keys()].filter((name) => name !== this.leader)
  }

  async close(name: string): Promise<void> {
    const store = this.stores.get(name)!
    this.stores.delete(name)
    await store.close(0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.stores.keys()]) await this.close(name)
    await this.#folder[Symbol.asyncDispose]()
  }
}
