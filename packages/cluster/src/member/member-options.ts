/** What a member is given to work with, and how members know each other. */
import type { Clock, Database } from '@goethe/core'
import type { Coordinator } from '../coordinator/coordinator.js'
import type { Discovery } from '../discovery/discovery.js'
import type { ReplicaLimits, ReplicaTimes } from '../replica/options.js'
import type { PeerTransportOptions } from '../transport/peer-settings.js'
import type { PeerTlsFiles } from '../transport/peer-tls.js'
import type { NamedLeader } from './named-leader.js'
import type { ReplicaListener } from './replica-listener.js'

export interface ClusterMemberOptions {
  /** Where everything lies: journal, store, and what they must not forget. */
  readonly directory: string
  /** Makes a database for a path; it is opened later. */
  database(path: string): Database
  /** The name of this instance, the same after each start. */
  readonly member: string
  /** `host:port` for clients, as they can reach it. */
  readonly address: string
  /** Where clients reach its HTTP API, such as `http://host:port`, if it has one. */
  readonly url?: string | undefined
  /**
   * Where the other members are listened to. They are told this host, or where it stands for all
   * addresses that of `address`.
   */
  readonly peers: { readonly host: string; readonly port: number }
  /** How members know each other, as for the transport. */
  readonly security: MemberSecurity
  /** Fewest in-sync stores with which is acknowledged, in a new cluster that this member begins. */
  readonly minInSync: number
  /** What keeps the record; or who leads, where that is said by the configuration. */
  readonly coordinator: Coordinator | NamedLeader
  readonly discovery: Discovery
  readonly listener: ReplicaListener
  /** Something that a person should look at. */
  onProblem(problem: string): void
  /** Part of what this instance can do that is in use, from 0 to 1. */
  load?(): number
  readonly times?: Partial<ReplicaTimes>
  readonly limits?: Partial<ReplicaLimits>
  /** Largest message between members, the same for all; a write is one. Default 64 MiB. */
  readonly messageBytesMax?: number
  readonly clock?: Clock
}

/** How members know each other, as for the transport, and how certificates are renewed. */
export interface MemberSecurity extends Pick<
  PeerTransportOptions,
  'secrets' | 'tls' | 'nameInCertificate'
> {
  /**
   * Calls `use` with files that take the place of `tls`, for connections from then on; `use` throws for
   * files that are no certificate with its key. Returns what ends it, which `close` does.
   */
  watchTls?(use: (tls: PeerTlsFiles) => void): () => void
}
