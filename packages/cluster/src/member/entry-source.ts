import { GoetheError } from '@goethe/core'
import type { Journal } from '../journal/journal.js'
import type { StoredEntry } from '../journal/stored-entry.js'
import { RecentEntries } from './recent-entries.js'

/** Entries of the journal, from memory where they are recent, else from the disk. */
export class EntrySource {
  readonly #journal: Journal
  readonly recent: RecentEntries

  constructor(journal: Journal, recentBytesMax: number) {
    this.#journal = journal
    this.recent = new RecentEntries(recentBytesMax)
  }

  /** At least one entry from `lsn` on, and beyond that about `bytesMax` bytes of operations. */
  read(lsn: number, bytesMax: number): StoredEntry[] | Promise<StoredEntry[]> {
    return this.recent.read(lsn, bytesMax) ?? this.#readJournal(lsn, bytesMax)
  }

  async #readJournal(lsn: number, bytesMax: number): Promise<StoredEntry[]> {
    const entries = await this.#journal.read(lsn, bytesMax)
    if (entries !== undefined && entries.length > 0) return entries
    throw new GoetheError('GOETHE_INTERNAL', `Entry ${lsn} is not in the journal`)
  }
}
