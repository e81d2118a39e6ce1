import type { AppliedStore } from '../applied-store.js'
import type { StoredEntry } from '../journal/stored-entry.js'
import type { Position } from '../replica/position.js'

/** Bytes of operations that are applied in one batch. */
const batchBytesMax = 4 * 1024 * 1024

/** What is applied is flushed after so many bytes, so that journals can be trimmed behind it. */
const flushBytes = 64 * 1024 * 1024

export interface EntryApplierOptions {
  readonly store: AppliedStore
  /** Entries from `lsn` on, at least one. */
  read(lsn: number, bytesMax: number): readonly StoredEntry[] | Promise<readonly StoredEntry[]>
  /** Called after each batch, in order, before its progress. */
  onApplied(entries: readonly StoredEntry[]): void
  onProgress(applied: Position, flushedLsn: number): void
}

/** Brings the store forward by committed entries, one batch after the other. */
export class EntryApplier {
  readonly #options: EntryApplierOptions
  #unflushedBytes = 0
  #working: Promise<void> = Promise.resolve()

  constructor(options: EntryApplierOptions) {
    this.#options = options
  }

  /** Rejects as the store and the journal do; then what was applied is known once they are opened. */
  apply(fromLsn: number, toLsn: number): Promise<void> {
    return this.#afterOthers(() => this.#apply(fromLsn, toLsn))
  }

  /** Makes what is applied durable. */
  flush(): Promise<void> {
    return this.#afterOthers(async () => {
      if (this.#unflushedBytes === 0) return
      await this.#options.store.flush()
      this.#unflushedBytes = 0
      this.#progress()
    })
  }

  async #apply(fromLsn: number, toLsn: number): Promise<void> {
    const { store, read, onApplied } = this.#options
    for (let lsn = fromLsn; lsn <= toLsn;) {
      const found = await read(lsn, batchBytesMax)
      const entries = found.at(-1)!.lsn <= toLsn ? found : found.filter((one) => one.lsn <= toLsn)
      for (const { operations } of entries) this.#unflushedBytes += operations.length + 1
      const flush = this.#unflushedBytes >= flushBytes
      await store.apply(entries, { flush })
      if (flush) this.#unflushedBytes = 0
      lsn = entries.at(-1)!.lsn + 1
      onApplied(entries)
      this.#progress()
    }
  }

  #progress(): void {
    const { store, onProgress } = this.#options
    onProgress(store.applied, store.flushedLsn)
  }

  /** One at a time: a flush must not write an older position over a newer one. */
  #afterOthers(work: () => Promise<void>): Promise<void> {
    const result = this.#working.then(work)
    this.#working = result.catch(() => undefined)
    return result
  }
}
