import type { ServedCluster } from './served-cluster.js'
import type { ServedLog } from './served-log.js'

/** What can be done with the log at the moment, and why not more, or what to look at all the same. */
export type StoreState =
  | ({ type: 'open' } & Partial<StoreTrouble>)
  /** All can be read, and another member of the cluster takes what is written. */
  | ({ type: 'following'; leader: string | undefined } & Partial<StoreTrouble>)
  /** All can be read, and what makes room can be written. */
  | ({ type: 'read-only' } & StoreTrouble)
  /** A member of a cluster that others should be asked instead of: what it has is old. */
  | ({ type: 'catching-up' } & StoreTrouble)
  /** Nothing can be written until the log was opened again; perhaps nothing can be read. */
  | ({ type: 'failed' } & StoreTrouble)
  | { type: 'closed' }

/** Whether readers are served as well here as anywhere. */
export function servesReads({ type }: StoreState): boolean {
  return type === 'open' || type === 'read-only' || type === 'following'
}

/** What is wrong with a store. */
export interface StoreTrouble {
  /** A sentence for everybody: it names neither files nor topics. */
  reason: string
  /** What the system or the log said, which may name them: for the log and for administrators. */
  cause?: string
}

/** Where a server has its log from: a store of its own, or a cluster. */
export interface LogStore {
  /** The log, whichever it is at the moment. */
  readonly log: ServedLog
  /** The same, which has the leader do what it cannot write itself, where there is such a one. */
  readonly forwardingLog?: ServedLog | undefined
  /** How often that was done, by the code of what came of it, or 'OK'. */
  readonly forwarded?: ReadonlyMap<string, number> | undefined
  readonly state: StoreState
  /** The cluster, where the log is that of one. */
  readonly cluster?: ServedCluster | undefined
  /** False while the log is being opened again, and once it is closed. */
  readonly isReadable: boolean
  /** To be called from time to time: tries what may help by now. */
  recover(): Promise<void>
  /** Lets another member of the cluster lead, if this one does, while it still answers everybody. */
  handOver?(deadlineMs: number): Promise<void>
  /** Finishes what was accepted, within so many milliseconds, and closes the log. Idempotent. */
  close(deadlineMs: number): Promise<void>
}
