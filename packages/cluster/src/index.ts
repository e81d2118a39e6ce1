export { AppliedStore } from './applied-store.js'
export { ClusterMember } from './cluster-member.js'
export { EtcdCoordinator, type EtcdCoordinatorOptions } from './coordinator/etcd-coordinator.js'
export { LeaseCoordinator } from './coordinator/lease-coordinator.js'
export { CoordinatorMemory } from './coordinator/memory-coordinator.js'
export { DnsDiscovery } from './discovery/dns-discovery.js'
export { KubernetesDiscovery } from './discovery/kubernetes-discovery.js'
export { StaticDiscovery } from './discovery/static-discovery.js'
export { inClusterAccess } from './kubernetes/in-cluster.js'
export { kubeconfigAccess } from './kubernetes/kubeconfig.js'
export { KubernetesClient } from './kubernetes/kubernetes-client.js'
export { ReplicatedLevel } from './replicated-level.js'
export type {
  ClusterCounters,
  ClusterMemberOptions,
  ClusterMemberStatus,
  MemberSecurity,
} from './cluster-member.js'
export type { ChangeOutcome, Coordinator, VersionedRecord } from './coordinator/coordinator.js'
export type { Discovery, Peer } from './discovery/discovery.js'
export type { MemberView } from './gossip/membership-view.js'
export type { NamedLeader } from './member/named-leader.js'
export type { ReplicaListener } from './member/replica-listener.js'
export type { ClusterRecord, Leader, MemberStore } from './record.js'
export type { FollowerStatus, ReplicaStatus } from './replica/status.js'
export type { Replication } from './replicated-level.js'
export type { PeerTlsFiles } from './transport/peer-tls.js'
