import type { AppliedStore } from '../applied-store.js'
import type { Journal } from '../journal/journal.js'
import { EntrySource } from './entry-source.js'

/** Bytes of operations that are done again in one batch. */
const batchBytesMax = 4 * 1024 * 1024

/**
 * Brings a store that was just opened to where its note says it is: whatever was applied since the
 * last flush is applied once more, as a loss of power may have taken parts of it. To be called before
 * anybody reads it. After a store that was flushed at its end there is nothing to do.
 */
export async function reapply(store: AppliedStore, journal: Journal): Promise<void> {
  const source = new EntrySource(journal, 0)
  const last = store.applied.lsn
  // Nothing is trimmed that is not flushed.
  for (let lsn = Math.max(store.flushedLsn, journal.epochs.base.lsn) + 1; lsn <= last;) {
    const found = await source.read(lsn, batchBytesMax)
    const entries = found.filter((entry) => entry.lsn <= last)
    await store.reapply(entries)
    lsn = entries.at(-1)!.lsn + 1
  }
  await store.flush()
}
