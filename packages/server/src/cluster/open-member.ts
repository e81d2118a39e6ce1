/** A member of a cluster, as the configuration says. */
import {
  ClusterMember,
  type ClusterMemberOptions,
  DnsDiscovery,
  EtcdCoordinator,
  KubernetesClient,
  KubernetesDiscovery,
  LeaseCoordinator,
  type ReplicaListener,
  StaticDiscovery,
  inClusterAccess,
  kubeconfigAccess,
} from '@goethe/cluster'
import type { Clock } from '@goethe/core'
import { ClassicLevel } from 'classic-level'
import type { Config } from '../config.js'
import type { Logger } from '../log-writer.js'
import { levelOptions } from '../open-store.js'
import { memberOf } from './member-name.js'
import { etcdAccess } from './etcd-access.js'
import { memberSecurity } from './member-security.js'
import { peerMessageBytesMax } from './peer-message-bytes.js'

export interface OpenMemberOptions {
  readonly config: Config
  readonly clock: Clock
  readonly logger: Logger
  readonly listener: ReplicaListener
}

/**
 * Rejects with ConfigError for files that cannot be read, and as `ClusterMember.open` does.
 */
export async function openMember(options: OpenMemberOptions): Promise<ClusterMember> {
  const { config, clock, logger, listener } = options
  const { cluster, data } = config
  const security = await memberSecurity({ config, clock, logger })
  const { coordinator, discovery } = await agreement(options)
  return ClusterMember.open({
    directory: data,
    database: (path) => new ClassicLevel(path, levelOptions),
    member: memberOf(config),
    address: addressOf(config),
    url: urlOf(config),
    peers: { host: cluster.peerHost, port: cluster.peerPort },
    security,
    minInSync: cluster.minInSync,
    times: {
      electionTimeoutMs: cluster.electionTimeoutMs,
      replicaTimeoutMs: cluster.replicaTimeoutMs,
    },
    limits: journalLimits(cluster),
    messageBytesMax: peerMessageBytesMax(config),
    coordinator,
    discovery,
    listener: {
      ...listener,
      onRecordUnreadable: (problem) => {
        if (problem === undefined) logger.info('The record of the cluster was read again')
        else logger.warn({ problem }, 'The record of the cluster cannot be read')
      },
    },
    clock,
    onProblem: (problem) => {
      logger.warn({ problem }, 'Something is wrong between members')
    },
  })
}

/** How much of the journal is kept for whom. */
function journalLimits({ journalEntries, journalBytes }: Config['cluster']) {
  return {
    entriesKept: journalEntries,
    bytesKept: journalBytes,
    // Cutting off one that is catching up costs it all that it has got, so there is more room for it.
    bytesKeptMax: 4 * journalBytes,
  }
}

/** Where clients reach this instance. */
export function addressOf(config: Config): string {
  const { cluster, grpc } = config
  return cluster.address ?? `${memberOf(config)}:${grpc.port}`
}

/** Where the HTTP API of this instance is for clients, as far as that is known before it listens. */
export function urlOf(config: Config): string | undefined {
  const { cluster, http, tls } = config
  if (cluster.url !== undefined || http.port === 0) return cluster.url
  const host = addressOf(config).replace(/:\d+$/, '')
  return `${tls.cert === undefined ? 'http' : 'https'}://${host}:${http.port}`
}

/** Who keeps the record, and who says where the others are. */
async function agreement({
  config,
  clock,
  logger,
}: OpenMemberOptions): Promise<Pick<ClusterMemberOptions, 'coordinator' | 'discovery'>> {
  const { cluster } = config
  const onProblem = (error: Error): void => {
    logger.warn({ error }, 'Nothing new is known of the cluster for now')
  }
  if (cluster.mode === 'kubernetes') {
    const { kubeconfig, lease, service } = cluster
    const access = kubeconfig === undefined ? inClusterAccess() : kubeconfigAccess(kubeconfig)
    const client = KubernetesClient.open(await access, { clock })
    return {
      coordinator: new LeaseCoordinator({ client, name: lease, onProblem }),
      discovery: new KubernetesDiscovery({ client, service, onProblem }),
    }
  }
  if (cluster.mode === 'static') {
    const members = cluster.peers.map((peer) => peer.split('=')[0]!)
    // That there is one was checked with the rest of the configuration.
    const coordinator = { leader: cluster.leader!, members }
    return { coordinator, discovery: new StaticDiscovery(cluster.peers) }
  }
  return {
    coordinator: new EtcdCoordinator({
      ...(await etcdAccess({ config, clock, logger })),
      endpoints: cluster.etcdEndpoints,
      key: cluster.etcdKey,
      clock,
      onProblem,
    }),
    discovery:
      cluster.dns === undefined
        ? new StaticDiscovery(cluster.peers)
        : new DnsDiscovery({ name: cluster.dns, clock, onProblem }),
  }
}
