import type { ClusterCounters, ClusterMemberStatus } from '@goethe/cluster'
import { GoetheError } from '@goethe/core'
import type { ClusterStatus } from '@goethe/protocol'
import { allowsAll } from './auth/grants.js'
import type { Identity } from './identity.js'

/** The cluster as the services see it. */
export interface ServedCluster {
  /** Throws GOETHE_UNAVAILABLE while the member is being opened again. */
  status(): ClusterStatus
  /** What the member itself knows, for metrics; undefined while it is being opened again. */
  readonly state: ClusterMemberStatus | undefined
  readonly counters: ClusterCounters | undefined
  /**
   * Gives the lead of that epoch to another member. Rejects with GOETHE_NOT_LEADER, and with
   * GOETHE_DEADLINE where nobody has taken over in time.
   */
  handOver(epoch: number): Promise<void>
  /**
   * Takes a member out of the in-sync set, until it is added again. Rejects with GOETHE_NOT_LEADER,
   * GOETHE_INVALID_ARGUMENT for the leader and for who is none, and GOETHE_DEADLINE where it has to
   * stay until another one is in sync.
   */
  removeMember(member: string): Promise<void>
  /**
   * Lets in again what was taken out under this name. Rejects with GOETHE_NOT_LEADER, and
   * GOETHE_DEADLINE where the record does not say so in time.
   */
  addMember(member: string): Promise<void>
  /**
   * Sets the fewest members in sync with which writes are taken. Rejects with GOETHE_NOT_LEADER,
   * GOETHE_INVALID_ARGUMENT for more than are in sync, and GOETHE_DEADLINE where the record does not
   * say so in time.
   */
  setMinInSync(minInSync: number): Promise<void>
  /**
   * Makes this member lead, whatever it may lack. Rejects with GOETHE_INVALID_ARGUMENT where
   * somebody leads, and GOETHE_DEADLINE where it does not lead in time.
   */
  recover(): Promise<void>
}

/** Throws for a server of its own. */
export function clusterOf(cluster: ServedCluster | undefined): ServedCluster {
  if (cluster !== undefined) return cluster
  throw new GoetheError(
    'GOETHE_INVALID_ARGUMENT',
    'This server is no member of a cluster (cluster.mode)',
  )
}

/** Whether somebody may know and do what concerns the whole log. */
export function isOperator({ grants }: Identity): boolean {
  return allowsAll(grants, 'admin', '')
}
