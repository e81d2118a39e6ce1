/**
 * A network of hosts: a namespace each, with a cable to a bridge that lives in a namespace of its
 * own. This process has a cable too, so clients in it are a host like the others. What passes the
 * bridge can be dropped by sender and receiver.
 */
import { randomBytes } from 'node:crypto'
import { run } from './command.js'
import { networkPrefix } from './leftovers.js'

/** Drops what goes from one host to another, all of it or so many of a hundred packets. */
export interface Cut {
  readonly from: string
  readonly to: string
  /** Default: 100. */
  readonly percent?: number
}

export class Network implements AsyncDisposable {
  /** Hosts and their addresses. The last one is where this process is. */
  readonly addresses: ReadonlyMap<string, string>
  readonly #names: readonly string[]
  #cuts: readonly Cut[] = []

  private constructor(names: readonly string[]) {
    const third = randomBytes(1)[0]!
    this.#names = names
    // Addresses that are set aside for the benchmarking of networks (RFC 2544).
    this.addresses = new Map(
      [...names, clients].map((name, index) => [name, `198.18.${third}.${index + 1}`]),
    )
  }

  static async create(names: readonly string[]): Promise<Network> {
    const network = new Network(names)
    try {
      await network.#build()
      return network
    } catch (error) {
      await network[Symbol.asyncDispose]()
      throw error
    }
  }

  address(name: string): string {
    return this.addresses.get(name)!
  }

  /** The words in front of a command that is to run on this host. */
  on(name: string): readonly string[] {
    return ['nsenter', `--net=/run/netns/${networkPrefix}-${name}`]
  }

  /** Adds cuts to those that there are. */
  async cut(cuts: readonly Cut[]): Promise<void> {
    this.#cuts = [...this.#cuts, ...cuts]
    await this.#apply()
  }

  /** Takes these back again. */
  async mend(cuts: readonly Cut[]): Promise<void> {
    this.#cuts = this.#cuts.filter((cut) => !cuts.includes(cut))
    await this.#apply()
  }

  /** What this host sends passes at so many kilobits a second, and waits until it does. */
  async slow(name: string, kilobits: number): Promise<void> {
    const shape = ['tbf', 'rate', `${kilobits}kbit`, 'burst', '3000', 'latency', '800ms']
    await run('tc', ['-n', this.#namespace(name), 'qdisc', 'add', 'dev', 'e0', 'root', ...shape])
  }

  async hasten(name: string): Promise<void> {
    await run('tc', ['-n', this.#namespace(name), 'qdisc', 'del', 'dev', 'e0', 'root'])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#names, hub]) {
      await run('ip', ['netns', 'delete', this.#namespace(name)]).catch(() => undefined)
    }
    // Goes with its other end, later.
    await run('ip', ['link', 'delete', networkPrefix]).catch(() => undefined)
  }

  async #build(): Promise<void> {
    const hubNamespace = this.#namespace(hub)
    await run('ip', ['netns', 'add', hubNamespace])
    await run('ip', ['-n', hubNamespace, 'link', 'add', 'bridge', 'type', 'bridge'])
    await run('ip', ['-n', hubNamespace, 'link', 'set', 'bridge', 'up'])
    for (const [index, name] of this.#names.entries()) {
      const namespace = this.#namespace(name)
      await run('ip', ['netns', 'add', namespace])
      await run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'])
      await this.#connect('e0', ['netns', namespace], `p${index}`)
      await this.#configure(['-n', namespace], 'e0', this.address(name))
    }
    await this.#connect(networkPrefix, [], 'clients')
    await this.#configure([], networkPrefix, this.address(clients))
    await this.#apply()
  }

  async #connect(device: string, where: string[], port: string): Promise<void> {
    const hubNamespace = this.#namespace(hub)
    const peer = ['type', 'veth', 'peer', 'name', port, 'netns', hubNamespace]
    await run('ip', ['link', 'add', device, ...where, ...peer])
    await run('ip', ['-n', hubNamespace, 'link', 'set', port, 'master', 'bridge', 'up'])
  }

  async #configure(where: string[], device: string, address: string): Promise<void> {
    await run('ip', [...where, 'addr', 'add', `${address}/24`, 'dev', device])
    await run('ip', [...where, 'link', 'set', device, 'up'])
  }

  async #apply(): Promise<void> {
    const rules = this.#cuts.map(({ from, to, percent = 100 }) => {
      const some = percent < 100 ? `numgen random mod 100 < ${percent}` : ''
      return `ip saddr ${this.address(from)} ip daddr ${this.address(to)} ${some} drop`
    })
    const table = `table bridge cuts
delete table bridge cuts
table bridge cuts {
  chain forwarded {
    type filter hook forward priority 0; policy accept;
    ${rules.join('\n    ')}
  }
}
`
    const [command, ...args] = [...this.on(hub), 'nft', '-f', '-']
    await run(command!, args, table)
  }

  #namespace(name: string): string {
    return `${networkPrefix}-${name}`
  }
}

/** The name of the host that this process is. */
export const clients = 'clients'
const hub = 'hub'
