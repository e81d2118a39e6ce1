/** What can go wrong. Each is begun with `inject`, and is over when the function that gives has run. */
import type { Random } from '../../packages/cluster/src/simulation/random.js'
import { etcd, type Member, type NemesisCluster } from './cluster.js'
import { type Cut, clients } from './network.js'

export interface Fault {
  /** How long it lasts; else chance decides. */
  readonly lastsMs?: number
  /** What happens to whom, for people. */
  readonly name: string
  /** Two faults that touch the same do not go together. */
  readonly touches: readonly string[]
  inject(): Promise<() => Promise<void>>
}

type Make = (cluster: NemesisCluster, member: Member, random: Random) => Fault

/** Makes one at random. `leader` is made the victim more often than others. */
export function makeFault(
  cluster: NemesisCluster,
  leader: Member | undefined,
  random: Random,
): Fault {
  const anybody = random.pick(cluster.members)
  const member = random.chance(0.5) && leader !== undefined ? leader : anybody
  const kind = random.pick(Object.keys(kinds))
  return kinds[kind]!(cluster, member, random)
}

/** The coordinator is away for a minute, in one way or the other. */
export function coordinatorAway(cluster: NemesisCluster, random: Random): Fault {
  const kind = random.pick(['kill the coordinator', 'pause the coordinator'])
  const fault = kinds[kind]!(cluster, cluster.members[0]!, random)
  return { ...fault, lastsMs: 60_000 }
}

const kinds: Readonly<Record<string, Make>> = {
  kill: (_, { name, process }) => ({
    name: `${name} is killed`,
    touches: [name],
    async inject() {
      await process.stop('SIGKILL')
      return async () => process.start()
    },
  }),

  'end gracefully': (_, { name, process }) => ({
    name: `${name} is stopped`,
    touches: [name],
    async inject() {
      // It may wait for others that cannot be reached, so this does not wait for its end.
      const ended = process.stop('SIGTERM')
      return async () => {
        process.signal('SIGKILL')
        await ended
        process.start()
      }
    },
  }),

  pause: (_, { name, process }) => ({
    name: `${name} is paused`,
    touches: [name],
    async inject() {
      process.signal('SIGSTOP')
      return async () => process.signal('SIGCONT')
    },
  }),

  isolate: (cluster, { name }) =>
    cut(cluster, `${name} is cut off`, both(name, others(cluster, name))),

  'cut from members': (cluster, { name }) => {
    const peers = others(cluster, name).filter((other) => other !== etcd && other !== clients)
    return cut(cluster, `${name} is cut off from the other members`, both(name, peers))
  },

  'cut pair': (cluster, { name }, random) => {
    const other = random.pick(others(cluster, name))
    return cut(cluster, `${name} and ${other} are cut off`, both(name, [other]))
  },

  'cut one way': (cluster, { name }, random) => {
    const other = random.pick(others(cluster, name))
    const [from, to] = random.chance(0.5) ? [name, other] : [other, name]
    return cut(cluster, `nothing gets from ${from} to ${to}`, [{ from, to }])
  },

  mute: (cluster, { name }) =>
    cut(
      cluster,
      `nothing gets out of ${name}`,
      others(cluster, name).map((to) => ({ from: name, to })),
    ),

  deafen: (cluster, { name }) =>
    cut(
      cluster,
      `nothing gets in to ${name}`,
      others(cluster, name).map((from) => ({ from, to: name })),
    ),

  'cut from the coordinator': (cluster, { name }) =>
    cut(cluster, `${name} is cut off from etcd`, both(name, [etcd])),

  'lossy links': (cluster, { name }, random) => {
    const percent = 2 + random.below(38)
    const cuts = both(name, others(cluster, name)).map((one) => ({ ...one, percent }))
    return cut(cluster, `${percent} % of what ${name} sends and gets are lost`, cuts)
  },

  'packets twice': (cluster, { name }, random) => {
    const { network } = cluster
    const percent = 5 + random.below(60)
    const copies = both(name, others(cluster, name)).map((one) => ({ ...one, percent }))
    return {
      name: `${percent} % of what ${name} sends and gets come twice`,
      touches: ['network'],
      async inject() {
        await network.copy(copies)
        return () => network.copyNoMore(copies)
      },
    }
  },

  'packets out of order': ({ network }, { name }, random) => {
    const percent = 2 + random.below(30)
    const kilobits = 500 + random.below(10_000)
    return {
      name: `${percent} % of what ${name} sends is overtaken, at ${kilobits} kbit/s`,
      touches: ['network'],
      async inject() {
        await network.reorder(name, percent, kilobits)
        return () => network.keepOrder(name)
      },
    }
  },

  'slow link': ({ network }, { name }, random) => {
    const kilobits = 200 + random.below(2_000)
    return {
      name: `${name} sends ${kilobits} kbit/s`,
      touches: ['network'],
      async inject() {
        await network.slow(name, kilobits)
        return () => network.hasten(name)
      },
    }
  },

  'kill the coordinator': (cluster) => ({
    name: 'etcd is killed',
    touches: [etcd],
    async inject() {
      await cluster.etcd.stop('SIGKILL')
      return async () => cluster.etcd.start()
    },
  }),

  'pause the coordinator': (cluster) => ({
    name: 'etcd is paused',
    touches: [etcd],
    async inject() {
      cluster.etcd.signal('SIGSTOP')
      return async () => cluster.etcd.signal('SIGCONT')
    },
  }),

  'fill the disk': (_, { name, disk }, random) => {
    const leaveBytes = random.chance(0.5) ? 0 : random.below(8 * 1024 * 1024)
    return {
      name: `${name} has ${leaveBytes} bytes left on its disk`,
      touches: [name],
      async inject() {
        await disk.fill(leaveBytes)
        return () => disk.release()
      },
    }
  },

  'fail syncs': (_, { name, control }, random) => {
    const percent = random.chance(0.5) ? 100 : 1 + random.below(30)
    return {
      name: `${percent} % of the syncs of ${name} fail`,
      touches: [name],
      async inject() {
        control.failSyncs(percent)
        return async () => control.failSyncs(0)
      },
    }
  },

  'fail writes': (_, { name, control }, random) => {
    const percent = random.chance(0.5) ? 100 : 1 + random.below(30)
    return {
      name: `${percent} % of the writes of ${name} fail`,
      touches: [name],
      async inject() {
        control.failWrites(percent)
        return async () => control.failWrites(0)
      },
    }
  },

  'slow disk': (_, { name, control }, random) => {
    const ms = 20 + random.below(1_500)
    return {
      name: `each sync of ${name} takes ${ms} ms longer`,
      touches: [name],
      async inject() {
        control.delaySyncs(ms)
        return async () => control.delaySyncs(0)
      },
    }
  },

  'stall the disk': (_, { name, disk }) => ({
    name: `the disk of ${name} stalls`,
    touches: [name],
    async inject() {
      await disk.freeze()
      return () => disk.thaw()
    },
  }),

  'lose power': (_, member) => ({
    name: `${member.name} loses power`,
    touches: [member.name],
    async inject() {
      await losePower(member)
      return () => regainPower(member)
    },
  }),

  'lose power everywhere': ({ members }) => ({
    name: 'all members lose power',
    touches: members.map(({ name }) => name),
    async inject() {
      await Promise.all(members.map((member) => losePower(member)))
      return async () => {
        await Promise.all(members.map((member) => regainPower(member)))
      }
    },
  }),

  'kill everywhere': ({ members }) => ({
    name: 'all members are killed',
    touches: members.map(({ name }) => name),
    async inject() {
      await Promise.all(members.map(({ process }) => process.stop('SIGKILL')))
      return async () => {
        for (const { process } of members) process.start()
      }
    },
  }),

  'empty the disk': (cluster, { name, process, disk }) => ({
    name: `${name} gets an empty disk`,
    // A second disk may not be lost before the first one is replaced: nothing else meanwhile.
    touches: [...cluster.members.map((member) => member.name), 'network', etcd],
    async inject() {
      const states = await cluster.states()
      const isWell = states.every((state) => state === 'open' || state === 'following')
      if (!isWell) return async () => undefined
      await process.stop('SIGKILL')
      await disk.erase()
      return async () => process.start()
    },
  }),

  'let the clock jump': (_, { name, control }, random) => {
    const ms = Math.round(random.between(-1, 1) * 10 ** (2 + random.below(7)))
    return {
      name: `the clock of ${name} jumps to ${ms} ms beside the right time`,
      touches: [`the clock of ${name}`],
      async inject() {
        control.clockAhead(ms)
        return async () => control.clockAhead(0)
      },
    }
  },
}

/** All that a host has to do with. */
function others({ network }: NemesisCluster, name: string): string[] {
  return [...network.addresses.keys()].filter((other) => other !== name)
}

function both(name: string, peers: readonly string[]): Cut[] {
  return peers.flatMap((peer) => [
    { from: name, to: peer },
    { from: peer, to: name },
  ])
}

function cut({ network }: NemesisCluster, name: string, cuts: readonly Cut[]): Fault {
  return {
    name,
    touches: ['network'],
    async inject() {
      await network.cut(cuts)
      return () => network.mend(cuts)
    },
  }
}

async function losePower({ process, disk }: Member): Promise<void> {
  // So that the process cannot do anything about a disk that fails, as there is no power for it.
  process.signal('SIGSTOP')
  await disk.losePower()
  await process.stop('SIGKILL')
}

async function regainPower({ process, disk }: Member): Promise<void> {
  await disk.unmount()
  await disk.mount()
  process.start()
}
