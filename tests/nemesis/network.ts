/**
 * A network of hosts: a namespace each, with a cable to a bridge that lives in a namespace of its
 * own. This process has a cable too, so clients in it are a host like the others. What passes the
 * bridge can be dropped, and sent twice, by sender and receiver. What a host sends can be slowed down,
 * and some of it alone, so that what was sent later overtakes it: netem, which does all of that, is not
 * in every kernel.
 */
import { randomBytes } from 'node:crypto'
import { run } from './command.js'
import { networkPrefix } from './leftovers.js'

/** What goes from one host to another, all of it or so many of a hundred packets. */
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
  #copies: readonly Cut[] = []

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

  /** These come twice, the copy first. What is cut must not be copied: the copy passes. */
  async copy(copies: readonly Cut[]): Promise<void> {
    this.#copies = [...this.#copies, ...copies]
    await this.#apply()
  }

  /** Takes these back again. */
  async copyNoMore(copies: readonly Cut[]): Promise<void> {
    this.#copies = this.#copies.filter((copy) => !copies.includes(copy))
    await this.#apply()
  }

  /** So many of a hundred packets of this host wait in a line of their own, of so many kilobits a second. */
  async reorder(name: string, percent: number, kilobits: number): Promise<void> {
    const device = ['dev', 'e0']
    const tc = (...args: string[]) => run('tc', ['-n', this.#namespace(name), ...args])
    await tc('qdisc', 'add', ...device, 'root', 'handle', '1:', 'htb', 'default', '1')
    const lines = { '1:1': 10_000_000, '1:2': kilobits }
    for (const [line, rate] of Object.entries(lines)) {
      const shape = ['htb', 'rate', `${rate}kbit`, 'burst', '3000', 'quantum', '3000']
      await tc('class', 'add', ...device, 'parent', '1:', 'classid', line, ...shape)
    }
    await this.#nft(
      name,
      `table inet late {
  chain sent {
    type filter hook output priority 0; policy accept;
    numgen random mod 100 < ${percent} meta priority set 0x10002
  }
}
`,
    )
  }

  async keepOrder(name: string): Promise<void> {
    await this.#nft(name, 'delete table inet late\n')
    await run('tc', ['-n', this.#namespace(name), 'qdisc', 'del', 'dev', 'e0', 'root'])
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
    for (const name of this.#names) {
      const namespace = this.#namespace(name)
      await run('ip', ['netns', 'add', namespace])
      await run('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'])
      await this.#connect('e0', ['netns', namespace], this.#port(name))
      await this.#configure(['-n', namespace], 'e0', this.address(name))
    }
    await this.#connect(networkPrefix, [], this.#port(clients))
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
    const rules = this.#cuts.map((cut) => `${this.#those(cut)} drop`)
    const copies = this.#names.concat(clients).map((from) => {
      const some = this.#copies
        .filter((copy) => copy.from === from)
        .map((copy) => `${this.#those(copy)} dup to "${this.#port(copy.to)}"`)
      const hook = `type filter hook ingress device "${this.#port(from)}" priority 0; policy accept;`
      return `chain ${this.#port(from)} {\n    ${[hook, ...some].join('\n    ')}\n  }`
    })
    const tables = `table bridge cuts
delete table bridge cuts
table bridge cuts {
  chain forwarded {
    type filter hook forward priority 0; policy accept;
    ${rules.join('\n    ')}
  }
}
table netdev copies
delete table netdev copies
table netdev copies {
  ${copies.join('\n  ')}
}
`
    await this.#nft(hub, tables)
  }

  /** The packets that are meant, as nft says it. */
  #those({ from, to, percent = 100 }: Cut): string {
    const some = percent < 100 ? ` numgen random mod 100 < ${percent}` : ''
    return `ip saddr ${this.address(from)} ip daddr ${this.address(to)}${some}`
  }

  async #nft(host: string, tables: string): Promise<void> {
    const [command, ...args] = [...this.on(host), 'nft', '-f', '-']
    await run(command!, args, tables)
  }

  /** Where the cable of a host ends at the bridge. */
  #port(name: string): string {
    return name === clients ? 'clients' : `p${this.#names.indexOf(name)}`
  }

  #namespace(name: string): string {
    return `${networkPrefix}-${name}`
  }
}

/** The name of the host that this process is. */
export const clients = 'clients'
const hub = 'hub'
