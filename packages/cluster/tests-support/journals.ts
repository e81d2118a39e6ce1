import type { Random } from '../../core/tests-support/random.js'
import { type Disk } from '../src/journal/disk.js'
import { Journal, type JournalOptions } from '../src/journal/journal.js'
import type { StoredEntry } from '../src/journal/stored-entry.js'

/** Opens a journal whose ids and salts are the same each time. */
export function openJournal(
  disk: Disk,
  options: Partial<Omit<JournalOptions, 'disk'>> = {},
): Promise<Journal> {
  let salt = 0x60e7e
  return Journal.open({
    disk,
    newStoreId: () => '00010203-0405-4607-8809-0a0b0c0d0e0f',
    newSalt: () => salt++,
    ...options,
  })
}

/** All entries that a journal holds, read a few bytes at a time. */
export async function allEntries(journal: Journal, bytesMax = 1000): Promise<StoredEntry[]> {
  const entries: StoredEntry[] = []
  for (let lsn = journal.epochs.base.lsn + 1; ;) {
    const some = await journal.read(lsn, bytesMax)
    if (some === undefined || some.length === 0) return entries
    entries.push(...some)
    lsn = some.at(-1)!.lsn + 1
  }
}

/** Entries that follow one another, with random operations. */
export function randomEntries(
  random: Random,
  after: { lsn: number; epoch: number },
  count: number,
): StoredEntry[] {
  let { lsn, epoch } = after
  return Array.from({ length: count }, () => {
    if (epoch === 0 || random.chance(0.1)) epoch++
    const bytes = random.chance(0.1) ? random.int(500, 3000) : random.int(0, 60)
    return { lsn: ++lsn, epoch, operations: random.bytes(bytes) }
  })
}
