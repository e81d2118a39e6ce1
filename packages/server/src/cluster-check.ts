/** What must fit together in the settings of a cluster. */
import type { Config } from './config.js'
import { memberOf } from './cluster/member-name.js'
import { isLoopback } from './loopback.js'

/** A sentence for each thing that does not fit. */
export function clusterProblems(config: Config): string[] {
  const { cluster, durability } = config
  if (cluster.mode === 'none') return []
  return [
    ...acquaintanceProblems(config),
    ...(durability === 'fsync'
      ? []
      : ['durability is os, but members of a cluster acknowledge what is on disk: fsync']),
    ...etcdProblems(cluster),
    ...namedLeaderProblems(config),
  ]
}

/** As many as have to have each write, whatever an operator says: all that a named leader is safe by. */
export function fewestInSync({ mode, peers }: Config['cluster']): number {
  return mode === 'static' ? Math.floor(peers.length / 2) + 1 : 1
}

function acquaintanceProblems({ cluster, insecure }: Config): string[] {
  const { secretFile, tlsCa, tlsCert, tlsKey, peerHost } = cluster
  const problems: string[] = []
  const tlsFiles = [tlsCa, tlsCert, tlsKey].filter((path) => path !== undefined)
  if (tlsFiles.length > 0 && tlsFiles.length < 3) {
    problems.push(
      'cluster.tlsCa, tlsCert and tlsKey belong together: members know each other by them',
    )
  }
  if (secretFile === undefined && tlsFiles.length === 0) {
    problems.push(
      'cluster.mode is set without cluster.secretFile or cluster.tlsCa, tlsCert and tlsKey: members have to know each other',
    )
  }
  if (!isLoopback(peerHost) && tlsFiles.length === 0 && !insecure) {
    problems.push(
      `cluster.peerHost ${peerHost} can be reached from other machines, without TLS (cluster.tlsCa, tlsCert, tlsKey): ` +
        'whoever sees the network could read the events. Set it, or say insecure: true where ' +
        'something around the members sees to it',
    )
  }
  return problems
}

function etcdProblems({ mode, etcdEndpoints, peers, dns }: Config['cluster']): string[] {
  if (mode !== 'etcd') return []
  const problems: string[] = []
  if (etcdEndpoints.length === 0) {
    problems.push("cluster.etcdEndpoints is empty: name etcd's servers, as http://127.0.0.1:2379")
  }
  if (peers.length === 0 && dns === undefined) {
    problems.push('cluster.peers is empty: name all members, or where DNS names them (cluster.dns)')
  }
  return problems
}

/**
 * A leader that is named is safe from another one that is named elsewhere by majorities alone, so it
 * has to be known of how many.
 */
function namedLeaderProblems(config: Config): string[] {
  const { mode, leader, peers, dns, minInSync } = config.cluster
  if (mode !== 'static') {
    const needless = `cluster.leader is set, and with cluster.mode ${mode} members choose who leads`
    return leader === undefined ? [] : [`${needless}: leave it out, or set cluster.mode to static`]
  }
  const problems: string[] = []
  if (leader === undefined) {
    problems.push('cluster.leader is missing: name the member that leads, the same one on all')
  }
  if (dns !== undefined) {
    problems.push(
      'cluster.dns is set, and with cluster.mode static it has to be known how many members there are: ' +
        'name all of them in cluster.peers',
    )
  }
  const names = peers.map((peer) => peer.split('=')[0]!)
  if (names.length === 0) {
    return [...problems, 'cluster.peers is empty: name all members, this one too']
  }
  if (new Set(names).size < names.length) {
    problems.push(`cluster.peers names a member twice: ${names.join(', ')}`)
  }
  const there = `cluster.peers names ${names.join(', ')}`
  if (leader !== undefined && !names.includes(leader)) {
    problems.push(`cluster.leader is ${leader}, which is no member: ${there}`)
  }
  const member = memberOf(config)
  if (!names.includes(member)) {
    problems.push(`cluster.member is ${member}, which is not among the members: ${there}`)
  }
  const majority = fewestInSync(config.cluster)
  if (minInSync < majority || minInSync > names.length) {
    problems.push(
      `cluster.minInSync is ${minInSync}, and with cluster.mode static a majority of the ` +
        `${names.length} members in cluster.peers has to have what is acknowledged, or else two ` +
        `that are named as leader could both take writes: set ${majority}` +
        (majority < names.length ? `, or up to ${names.length}` : ''),
    )
  }
  return problems
}
