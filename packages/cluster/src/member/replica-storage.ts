/** What the replica has done on disk: its journal, and the store that follows it. */
import type { Clock } from '@goethe/core'
import type { AppliedStore } from '../applied-store.js'
import type { Journal } from '../journal/journal.js'
import type { StoredEntry } from '../journal/stored-entry.js'
import type { DurableFacts } from '../replica/facts.js'
import type { Input } from '../replica/input.js'
import type { JournalEntry } from '../replica/messages.js'
import type { Position } from '../replica/position.js'
import { EntryApplier } from './entry-applier.js'
import { EntrySource } from './entry-source.js'
import type { PendingWrites } from './pending-writes.js'
import type { ReplicaListener } from './replica-listener.js'
import { SnapshotIntake } from './snapshot-intake.js'
import type { SnapshotSource } from './snapshot-source.js'
import type { StoreDirectory } from './store-directory.js'
import type { WorkUnderWay } from './work-under-way.js'

export interface ReplicaStorageOptions {
  readonly journal: Journal
  readonly stores: StoreDirectory
  readonly snapshots: SnapshotSource
  readonly listener: Pick<ReplicaListener, 'onReplace' | 'onReplaced'>
  /** Writes that were proposed here: readers learn of them by their answers. */
  readonly writes: Pick<PendingWrites, 'owns' | 'place'>
  readonly work: WorkUnderWay
  input(input: Input): void
  /** Readers see everything up to this entry. */
  onApplied(lsn: number): void
  readonly clock: Clock
  /** After so long what was applied is flushed, so that journals can be trimmed. */
  readonly flushMs: number
}

/** Entries kept in memory for followers and for the store. */
const recentBytesMax = 64 * 1024 * 1024

export class ReplicaStorage {
  readonly #options: ReplicaStorageOptions
  readonly #entries: EntrySource
  readonly #snapshots: SnapshotIntake
  readonly #appliedListeners = new Set<(operations: Uint8Array) => void>()
  #applier: EntryApplier
  #stopFlush: () => void = () => undefined

  constructor(options: ReplicaStorageOptions) {
    const { journal, stores, snapshots, listener } = options
    this.#options = options
    this.#entries = new EntrySource(journal, recentBytesMax)
    this.#applier = this.#applierFor(stores.current)
    this.#snapshots = new SnapshotIntake({
      snapshots,
      stores,
      journal,
      onReplace: () => listener.onReplace(),
      onReplaced: (store) => {
        this.#entries.recent.clear()
        this.#applier = this.#applierFor(store)
        listener.onReplaced(store)
      },
    })
    this.#flushLater()
  }

  /** Calls back with what was applied and not proposed here; the function returned ends it. */
  onForeign(listener: (operations: Uint8Array) => void): () => void {
    this.#appliedListeners.add(listener)
    return () => this.#appliedListeners.delete(listener)
  }

  append(ticket: number, entries: readonly JournalEntry[]): void {
    const { writes, journal } = this.#options
    const stored = entries.map(({ lsn, epoch, payload }): StoredEntry => {
      writes.place(payload, lsn)
      return { lsn, epoch, operations: payload === undefined ? empty : (payload as Uint8Array) }
    })
    this.#entries.recent.append(stored)
    this.#written(ticket, journal.append(stored))
  }

  truncate(ticket: number, lsn: number): void {
    this.#entries.recent.truncate(lsn)
    this.#written(ticket, this.#options.journal.truncate(lsn))
  }

  /** Up to this entry. */
  trim(lsn: number): void {
    const { work, journal } = this.#options
    work.onDisk(journal.trim(lsn + 1))
  }

  persist(ticket: number, facts: DurableFacts): void {
    const { work, journal, input } = this.#options
    work.onDisk(journal.writeFacts(facts), () => {
      input({ type: 'facts-persisted', ticket })
    })
  }

  /** Entries from `lsn` on for another member, as soon as they were read. */
  read(lsn: number, bytesMax: number, use: (entries: readonly StoredEntry[]) => void): void {
    const entries = this.#entries.read(lsn, bytesMax)
    if (Array.isArray(entries)) use(entries)
    else this.#options.work.onDisk(entries.then(use))
  }

  apply(fromLsn: number, toLsn: number): void {
    this.#options.work.onDisk(this.#applier.apply(fromLsn, toLsn))
  }

  fetchSnapshot(from: string, epoch: number): void {
    this.#options.work.answering(this.#snapshots.fetch(from, epoch))
  }

  install({ lsn, epoch }: Position): void {
    const { work, input, onApplied } = this.#options
    work.onDisk(this.#snapshots.install({ lsn, epoch }), () => {
      input({ type: 'snapshot-installed', lsn, epoch })
      onApplied(lsn)
    })
  }

  /** Begins nothing more by itself; what is under way goes on. */
  end(reason: Error): void {
    this.#stopFlush()
    this.#snapshots.end(reason)
  }

  #written(ticket: number, write: Promise<void>): void {
    const { work, input, journal, stores } = this.#options
    work.onDisk(write, () => {
      input({ type: 'journal-written', ticket })
      // What followers need later they get from the journal.
      this.#entries.recent.release(Math.min(stores.current.applied.lsn, journal.last.lsn))
    })
  }

  #applierFor(store: AppliedStore): EntryApplier {
    const { writes, input, onApplied } = this.#options
    return new EntryApplier({
      store,
      read: (lsn, bytesMax) => this.#entries.read(lsn, bytesMax),
      onApplied: (entries) => {
        for (const { lsn, operations } of entries) {
          if (operations.length === 0 || writes.owns(lsn)) continue
          for (const listener of this.#appliedListeners) listener(operations)
        }
      },
      onProgress: ({ lsn }, flushedLsn) => {
        input({ type: 'applied', lsn, flushedLsn })
        onApplied(lsn)
      },
    })
  }

  #flushLater(): void {
    const { clock, flushMs, work } = this.#options
    const flush = (): void => {
      this.#flushLater()
      work.onDisk(this.#applier.flush())
    }
    this.#stopFlush = clock.setTimer(flush, flushMs, 'background')
  }
}

const empty = new Uint8Array(0)
