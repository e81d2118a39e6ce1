/** What a member has on disk: its journal and its store, opened together, as each depends on the other. */
import { randomInt, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Disk } from '../journal/disk.js'
import { Journal } from '../journal/journal.js'
import { nodeDisk } from '../journal/node-disk.js'
import { reapply } from './reapply.js'
import { checkStoreAndJournal } from './store-and-journal.js'
import { StoreDirectory, type StoreDirectoryOptions } from './store-directory.js'

export class MemberStorage {
  private constructor(
    /** Beside the journal, and lost with it: an emptied disk is that of another store. */
    readonly disk: Disk,
    readonly journal: Journal,
    readonly stores: StoreDirectory,
  ) {}

  /** Rejects with GOETHE_CORRUPT, GOETHE_FORMAT, GOETHE_LOCKED, and as the disk does. */
  static async open(options: StoreDirectoryOptions): Promise<MemberStorage> {
    // The store has a lock: without it, this would cut away what another process is writing.
    const stores = await StoreDirectory.open(options)
    let journal: Journal | undefined
    try {
      const disk = await nodeDisk(join(options.directory, 'journal'))
      const newSalt = (): number => randomInt(2 ** 32)
      journal = await Journal.open({ disk, newStoreId: randomUUID, newSalt })
      const { applied } = stores.current
      const found = checkStoreAndJournal(applied, journal.epochs, stores.isReplaced)
      // A snapshot took the store's place, and then the power went.
      if (found === 'journal-follows') await journal.reset(applied)
      await stores.settle()
      await reapply(stores.current, journal)
      return new MemberStorage(disk, journal, stores)
    } catch (error) {
      // A disk that fails may fail here, too: the lock must not stay for that.
      await journal?.close().catch(() => undefined)
      await stores.close().catch(() => undefined)
      throw error
    }
  }

  async close(): Promise<void> {
    try {
      await this.journal.close()
    } finally {
      // It holds the lock, without which the member could not be opened again.
      await this.stores.close()
    }
  }
}
