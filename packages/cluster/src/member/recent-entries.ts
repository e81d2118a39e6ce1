import type { StoredEntry } from '../journal/stored-entry.js'

/**
 * The journal's last entries, kept in memory from the moment they are written: followers are fed and
 * the store is brought forward from here, and an entry need not be safe on this disk before it is
 * sent to the others.
 */
export class RecentEntries {
  readonly #bytesMax: number
  /** Without gaps, ascending. */
  #entries: StoredEntry[] = []
  #dropped = 0
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  append(entries: readonly StoredEntry[]): void {
    for (const entry of entries) {
      this.#entries.push(entry)
      this.#bytes += entry.operations.length
    }
  }

  /** Drops every entry behind `lsn`. */
  truncate(lsn: number): void {
    while (this.#entries.length > this.#dropped && this.#entries.at(-1)!.lsn > lsn) {
      this.#bytes -= this.#entries.pop()!.operations.length
    }
  }

  clear(): void {
    this.#entries = []
    this.#dropped = 0
    this.#bytes = 0
  }

  /** Drops the oldest ones up to `lsn` while there are too many; the journal has them. */
  release(lsn: number): void {
    while (this.#bytes > this.#bytesMax && this.#dropped < this.#entries.length) {
      const oldest = this.#entries[this.#dropped]!
      if (oldest.lsn > lsn) break
      this.#bytes -= oldest.operations.length
      this.#dropped++
    }
    // Moving the rest down for each one that goes would cost more than all else.
    if (this.#dropped * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#dropped)
      this.#dropped = 0
    }
  }

  /**
   * Entries from `lsn` on: at least one, and beyond that at most `bytesMax` bytes of operations.
   * Undefined where the first of them is not here.
   */
  read(lsn: number, bytesMax: number): StoredEntry[] | undefined {
    const oldest = this.#entries[this.#dropped]
    if (oldest === undefined || lsn < oldest.lsn) return undefined
    const start = this.#dropped + (lsn - oldest.lsn)
    if (start >= this.#entries.length) return undefined
    let end = start
    let bytes = 0
    while (end < this.#entries.length) {
      bytes += this.#entries[end]!.operations.length
      if (end > start && bytes > bytesMax) break
      end++
    }
    return this.#entries.slice(start, end)
  }
}
