/** What Prometheus gets to see of a cluster, as the member knows it that is asked. */
import type { ClusterCounters, ClusterMemberStatus } from '@goethe/cluster'
import { Counter, Gauge, Registry } from 'prom-client'
import type { ServedCluster } from '../served-cluster.js'

type Replica = ClusterMemberStatus['replica']
type Peer = ClusterCounters['peers'] extends ReadonlyMap<string, infer Counters> ? Counters : never

type Observed = Pick<ServedCluster, 'state' | 'counters'>

/** Adds the metrics of a cluster to those of its server; each is looked up when it is asked for. */
export function observeCluster(
  registry: Registry,
  cluster: Observed,
  forwarded: ReadonlyMap<string, number> = new Map(),
): void {
  observeReplica(registry, cluster)
  observeMembers(registry, cluster)
  observeCounters(registry, cluster)
  observeForwarded(registry, forwarded)
}

/** All of them as a scraper gets them, of a member that knows nothing yet: for documentation. */
export function describeClusterMetrics(): Promise<string> {
  const registry = new Registry()
  observeCluster(registry, { state: undefined, counters: undefined })
  return registry.metrics()
}

function observeReplica(registry: Registry, cluster: Observed): void {
  const gauge = (name: string, help: string, value: (replica: Replica) => number): void => {
    new Gauge({
      name: `goethe_cluster_${name}`,
      help,
      registers: [registry],
      collect() {
        const { state } = cluster
        this.set(state === undefined ? Number.NaN : value(state.replica))
      },
    })
  }
  gauge('leader', '1 while this member leads.', ({ role }) => Number(role === 'leader'))
  gauge('epoch', 'The highest epoch known here; each new lead has a higher one.', ({ epoch }) => {
    return epoch
  })
  gauge('in_sync_members', 'Members that hold all that was acknowledged.', ({ inSync }) => {
    return inSync.length
  })
  gauge('in_sync_members_needed', 'Fewest with which writes are taken.', ({ minInSync }) => {
    return minInSync ?? Number.NaN
  })
  gauge('last_lsn', 'The last entry of the journal here.', ({ lastLsn }) => lastLsn)
  gauge('durable_lsn', 'The last entry that is on the disk here.', ({ durableLsn }) => durableLsn)
  gauge('commit_lsn', 'The last entry that is known here to be committed.', ({ commitLsn }) => {
    return commitLsn
  })
  gauge('applied_lsn', 'The last entry that readers see here.', ({ appliedLsn }) => appliedLsn)
}

/** Of the other members: what the leader knows of its followers, and gossip of all. */
function observeMembers(registry: Registry, cluster: Observed): void {
  const gauge = (
    name: string,
    help: string,
    values: (state: ClusterMemberStatus) => Iterable<readonly [member: string, value: number]>,
  ): void => {
    new Gauge({
      name: `goethe_cluster_${name}`,
      help,
      labelNames: ['member'],
      registers: [registry],
      collect() {
        this.reset()
        const { state } = cluster
        if (state === undefined) return
        for (const [member, value] of values(state)) this.set({ member }, value)
      },
    })
  }
  gauge('follower_behind_entries', 'On the leader: entries that a follower lacks.', (state) => {
    return state.replica.followers.map(({ member, behind }) => [member, behind] as const)
  })
  gauge('follower_silent_seconds', 'On the leader: time since a follower was heard.', (state) => {
    return state.replica.followers.map(({ member, silentMs }) => [member, silentMs / 1000] as const)
  })
  gauge('member_suspected', '1 for a member that is probably gone.', (state) => {
    return othersOf(state).map(({ member, suspected }) => [member, Number(suspected)] as const)
  })
}

function othersOf({ members: { members } }: ClusterMemberStatus) {
  return members.filter(({ self }) => !self)
}

function observeForwarded(registry: Registry, forwarded: ReadonlyMap<string, number>): void {
  new Counter({
    name: 'goethe_cluster_forwarded_requests_total',
    help: 'Writes that the leader was asked to do in the name of callers of this member.',
    labelNames: ['code'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [code, count] of forwarded) this.inc({ code }, count)
    },
  })
}

/** They begin anew when the member is opened again, as those of a new process do. */
function observeCounters(registry: Registry, cluster: Observed): void {
  const counter = <Label extends string>(
    name: string,
    help: string,
    label: Label,
    values: (counters: ClusterCounters) => Iterable<readonly [value: string, count: number]>,
  ): void => {
    new Counter({
      name: `goethe_cluster_${name}`,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset()
        const { counters } = cluster
        if (counters === undefined) return
        for (const [value, count] of values(counters)) {
          this.inc({ [label]: value } as Record<Label, string>, count)
        }
      },
    })
  }
  new Counter({
    name: 'goethe_cluster_elections_total',
    help: 'How often this member came to lead.',
    registers: [registry],
    collect() {
      this.reset()
      this.inc(cluster.counters?.leads ?? 0)
    },
  })
  counter('rejected_writes_total', 'Writes that were not replicated.', 'reason', (counters) => {
    return Object.entries(counters.rejected)
  })
  const peer = (name: string, help: string, value: (peer: Peer) => number): void => {
    counter(`peer_${name}_total`, help, 'member', ({ peers }) => {
      return [...peers].map(([member, one]) => [member, value(one)] as const)
    })
  }
  peer('sent_messages', 'Messages to another member.', ({ messagesSent }) => messagesSent)
  peer('sent_bytes', 'Bytes to another member.', ({ bytesSent }) => bytesSent)
  peer('received_messages', 'Messages from another member.', (one) => one.messagesReceived)
  peer('received_bytes', 'Bytes from another member.', ({ bytesReceived }) => bytesReceived)
  peer('dropped_messages', 'Messages that could not be sent.', (one) => one.messagesDropped)
  peer('connections', 'Connections that came about.', ({ connects }) => connects)
  peer('failures', 'Connections that were lost, and attempts in vain.', ({ failures }) => failures)
  counter('refused_peers_total', 'Connections of others that were refused.', 'reason', (counters) =>
    Object.entries(counters.listen.refused),
  )
}
