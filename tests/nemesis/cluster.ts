/** Three members and an etcd, each on a host of its own; members have disks and clocks of their own. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Disk } from './disk.js'
import { FaultControl } from './fault-control.js'
import { HostedProcess } from './hosted-process.js'
import { NativeFaults } from './native-faults.js'
import { Network } from './network.js'

const main = fileURLToPath(new URL('../../packages/cli/dist/main.js', import.meta.url))
const names = ['goethe-0', 'goethe-1', 'goethe-2'] as const
/** The name of the coordinator's host. */
export const etcd = 'etcd'
const [grpcPort, httpPort, peerPort, etcdPort, etcdPeerPort] = [1337, 1338, 1339, 2379, 2380]

export interface Member {
  readonly name: string
  readonly disk: Disk
  readonly control: FaultControl
  readonly process: HostedProcess
  /** For clients: `goethe://host:port`. */
  readonly address: string
  /** `http://host:port`. */
  readonly url: string
}

export class NemesisCluster implements AsyncDisposable {
  readonly network: Network
  readonly members: Member[] = []
  readonly #folder: string
  #etcd: HostedProcess | undefined

  private constructor(network: Network, folder: string) {
    this.network = network
    this.#folder = folder
  }

  /** Everything is below `folder`, the logs too. */
  static async start(folder: string): Promise<NemesisCluster> {
    const network = await Network.create([...names, etcd])
    const cluster = new NemesisCluster(network, folder)
    try {
      await cluster.#start()
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  get etcd(): HostedProcess {
    return this.#etcd!
  }

  /** Who takes the writes, if somebody says so within half a second. */
  async leader(): Promise<Member | undefined> {
    const states = await this.states()
    return this.members.find((_, index) => states[index] === 'open')
  }

  /** What each member says in /readyz, or `no answer`. */
  states(): Promise<string[]> {
    return Promise.all(this.members.map(({ url }) => stateAt(url)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = this.members.map(async ({ process, disk, control }) => {
      // A process that waits for a frozen disk cannot end.
      await disk.thaw().catch(() => undefined)
      await process.stop('SIGKILL')
      await disk.destroy()
      control.close()
    })
    await Promise.all([...stopped, this.#etcd?.stop('SIGKILL')])
    await this.network[Symbol.asyncDispose]()
  }

  async #start(): Promise<void> {
    const native = await NativeFaults.compile(this.#folder)
    await writeFile(join(this.#folder, 'secret'), 'the secret of these three')
    this.#etcd = await this.#makeEtcd()
    this.#etcd.start()
    for (const name of names) this.members.push(await this.#makeMember(name, native))
    for (const { process } of this.members) process.start()
  }

  async #makeEtcd(): Promise<HostedProcess> {
    const [client, peer] = [etcdPort, etcdPeerPort].map(
      (port) => `http://${this.network.address(etcd)}:${port}`,
    )
    const folder = join(this.#folder, 'etcd-data')
    await mkdir(folder, { mode: 0o700 })
    const args = [
      ['--name', etcd, '--data-dir', folder, '--log-level', 'warn'],
      ['--listen-client-urls', client!, '--advertise-client-urls', client!],
      ['--listen-peer-urls', peer!, '--initial-advertise-peer-urls', peer!],
      ['--initial-cluster', `${etcd}=${peer}`],
    ].flat()
    const command = [...this.network.on(etcd), 'etcd', ...args]
    return new HostedProcess({ command, logFile: join(this.#folder, 'etcd.log') })
  }

  async #makeMember(name: string, native: NativeFaults): Promise<Member> {
    const host = this.network.address(name)
    const disk = await Disk.create(this.#folder, name, native)
    const control = new FaultControl(join(this.#folder, `${name}.faults`))
    const peers = names.map((peer) => `${peer}=${this.network.address(peer)}:${peerPort}`)
    const endpoint = `http://${this.network.address(etcd)}:${etcdPort}`
    const args = [
      ['serve', '--data', join(disk.path, 'data'), '--insecure'],
      ['--grpc-host', host, '--grpc-port', String(grpcPort)],
      ['--http-host', host, '--http-port', String(httpPort)],
      ['--cluster', 'etcd', '--cluster-etcd-endpoints', endpoint],
      ['--cluster-member', name, '--cluster-address', `${host}:${grpcPort}`],
      ['--cluster-peers', peers.join(','), '--cluster-peer-host', host],
      ['--cluster-peer-port', String(peerPort)],
      ['--cluster-secret-file', join(this.#folder, 'secret')],
      ['--disk-reserve-bytes', '4MiB', '--disk-check-interval-ms', '500'],
    ].flat()
    const server = new HostedProcess({
      command: [...this.network.on(name), process.execPath, main, ...args],
      environment: {
        LD_PRELOAD: native.library,
        FAULT_CONTROL: control.path,
        FAULT_PATH: `${disk.path}/`,
      },
      logFile: join(this.#folder, `${name}.log`),
    })
    const [address, url] = [`goethe://${host}:${grpcPort}`, `http://${host}:${httpPort}`]
    return { name, disk, control, process: server, address, url }
  }
}

async function stateAt(url: string): Promise<string> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(500) })
    return ((await answer.json()) as { store: string }).store
  } catch {
    return 'no answer'
  }
}
