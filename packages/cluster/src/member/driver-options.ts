import type { Clock } from '@goethe/core'
import type { Coordinator } from '../coordinator/coordinator.js'
import type { Journal } from '../journal/journal.js'
import type { ReplicaLimits, ReplicaTimes } from '../replica/options.js'
import type { NamedLeader } from './named-leader.js'
import type { PeerLink } from './peer-link.js'
import type { ReplicaListener } from './replica-listener.js'
import type { SnapshotSource } from './snapshot-source.js'
import type { StoreDirectory } from './store-directory.js'

/** What a driver is given to work with. */
export interface ReplicaDriverOptions {
  readonly member: string
  /** A UUID of this process. */
  readonly incarnation: string
  /** `host:port` for clients. */
  readonly address: string
  /** Fewest in-sync stores, where this member creates the record. */
  readonly minInSync: number
  /** Where the configuration names the leader, and no coordinator stands between members. */
  readonly named?: NamedLeader | undefined
  readonly times: ReplicaTimes
  readonly limits: ReplicaLimits
  /** Largest write that can be sent to others. Default: any. */
  readonly writeBytesMax?: number | undefined
  readonly journal: Journal
  readonly stores: StoreDirectory
  readonly snapshots: SnapshotSource
  readonly coordinator: Coordinator
  readonly peers: PeerLink
  readonly listener: ReplicaListener
  /** After so long what was applied is flushed, so that journals can be trimmed. Default 10,000. */
  readonly flushMs?: number | undefined
  readonly clock: Clock
  /** Monotonic milliseconds. */
  nowMs(): number
  random(): number
  /** A UUID. */
  newId(): string
}
