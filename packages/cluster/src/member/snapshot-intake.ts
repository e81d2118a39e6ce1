import type { AppliedStore } from '../applied-store.js'
import type { Journal } from '../journal/journal.js'
import type { Input } from '../replica/input.js'
import type { Position } from '../replica/position.js'
import type { SnapshotSource } from './snapshot-source.js'
import type { StoreDirectory } from './store-directory.js'

export interface SnapshotIntakeOptions {
  readonly snapshots: SnapshotSource
  readonly stores: StoreDirectory
  readonly journal: Journal
  /** The store is about to be replaced: nobody may read it any more once this has resolved. */
  onReplace(): Promise<void>
  /** This store serves from now on. */
  onReplaced(store: AppliedStore): void
}

/** Fetches a snapshot of the leader's store, and puts it in place of the own store and journal. */
export class SnapshotIntake {
  readonly #options: SnapshotIntakeOptions
  readonly #fetching = new AbortController()

  constructor(options: SnapshotIntakeOptions) {
    this.#options = options
  }

  async fetch(from: string, epoch: number): Promise<Input> {
    const { snapshots, stores } = this.#options
    try {
      const incoming = await stores.receive(snapshots.fetch(from, epoch, this.#fetching.signal))
      return { type: 'snapshot-fetched', ...incoming }
    } catch {
      // The next one is asked for; what keeps it from coming is in the status of the leader.
      return { type: 'snapshot-failed' }
    }
  }

  /** Rejects as the disk does; then what is there is known once it is opened again. */
  async install(place: Position): Promise<void> {
    const { stores, journal, onReplace, onReplaced } = this.#options
    await onReplace()
    await stores.replace()
    await journal.reset(place)
    await stores.settle()
    onReplaced(stores.current)
  }

  /** Ends what is being fetched. */
  end(reason: Error): void {
    this.#fetching.abort(reason)
  }
}
