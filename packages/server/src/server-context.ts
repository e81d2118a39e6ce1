import type { Clock } from '@goethe/core'
import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls'
import type { Admission } from './admission.js'
import type { Config } from './config.js'
import type { Identity } from './identity.js'
import type { Logger } from './log-writer.js'
import type { Metrics } from './metrics.js'
import type { ServedCluster } from './served-cluster.js'
import type { ServedLog } from './served-log.js'
import type { StoreState } from './log-store.js'
import type { Tracing } from './tracing.js'

/** Headers or metadata of a call, names in lower case. */
export type CallHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** A certificate that a client presented and that tls.clientCa has signed. */
export type ClientCertificate = PeerCertificate | DetailedPeerCertificate

/**
 * Who calls. Rejects with GOETHE_UNAUTHENTICATED where that must be known and is not, and with
 * GOETHE_LIMIT where that was tried too often from the address.
 */
export type Identify = (
  headers: CallHeaders,
  certificate: ClientCertificate | undefined,
  /** Of the other end of the connection, without its port. Asked for where it matters. */
  address: () => string,
) => Promise<Identity>

/** What every service gets: all that a server has, and nothing of how it was put together. */
export interface ServerContext {
  readonly config: Config
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly tracing: Tracing
  readonly admission: Admission
  readonly identify: Identify
  /**
   * The log as this caller may use it. On a follower of a cluster it passes on to the leader what is
   * written, where it does that at all; with `forward: false` it refuses it, and names the leader.
   */
  logFor(identity: Identity, options?: { forward: boolean }): ServedLog
  storeState(): StoreState
  /** The cluster that this server is a member of, if any. */
  readonly cluster?: ServedCluster | undefined
  /** Fires as the server begins to stop: streams end, and new requests are refused. */
  readonly stopping: AbortSignal
}

/** A service that listens. */
export interface Listener {
  readonly address: Address
  /** Takes nothing new, ends streams, and waits so long for what is under way. */
  stop(deadlineMs: number): Promise<void>
}

export interface Address {
  host: string
  port: number
}
