import type { AbortSignalLike } from './abort-signal.js'
import type { Receipt } from './append-api.js'
import type { AppendPart, AppendRequest } from './append-part.js'
import type { StoreOperation } from './store.js'

/** What is to be written: events, other entries, or both, in one atomic batch. */
export interface WorkOptions extends AppendRequest {
  /** What it counts for in the queue. */
  readonly bytes: number
  readonly signal?: AbortSignalLike | undefined
  /**
   * Shares its commit with nothing else: `prepare` plans from what is stored, which another work of
   * the same commit would change under it.
   */
  readonly alone?: boolean
  /** Reads what it needs while no commit is under way; its failure rejects this work alone. */
  prepare?(): Promise<void>
  /** Entries beside the events; called once, right before they are written. */
  operations?(): StoreOperation[]
}

/** One piece of work in the queue, and whom to tell how it ended. */
export class Work implements AppendRequest {
  readonly parts: readonly AppendPart[]
  readonly bytes: number
  readonly options: WorkOptions | undefined
  readonly resolve: (receipts: Receipt[]) => void
  readonly reject: (error: unknown) => void
  #settled = false
  /** Ends listening to its signal. */
  stopListening: (() => void) | undefined

  constructor(
    parts: readonly AppendPart[],
    bytes: number,
    options: WorkOptions | undefined,
    resolve: (receipts: Receipt[]) => void,
    reject: (error: unknown) => void,
  ) {
    this.parts = parts
    this.bytes = bytes
    this.options = options
    this.resolve = resolve
    this.reject = reject
  }

  /** It has ended, one way or the other: nothing changes that any more. */
  get settled(): boolean {
    return this.#settled
  }

  settle(): void {
    this.#settled = true
    this.stopListening?.()
  }
}
