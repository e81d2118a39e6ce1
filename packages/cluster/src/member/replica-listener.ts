import type { AppliedStore } from '../applied-store.js'

/** What the layer above is told. */
export interface ReplicaListener {
  /** Everything of earlier epochs is applied: load the log's state, and take writes. */
  onLead(epoch: number): void
  /** Writes are refused from now on; those under way were rejected before. */
  onFollow(): void
  /** The store is about to be replaced: nobody may read it any more once this has resolved. */
  onReplace(): Promise<void>
  /** This store serves from now on. */
  onReplaced(store: AppliedStore): void
  /** The member takes no part any more. `reopen`: opening it anew may help. */
  onHalt(reason: string, reopen: boolean): void
  /** Why the record cannot be read, whenever that changes; undefined once it was read again. */
  onRecordUnreadable?(reason: string | undefined): void
}
