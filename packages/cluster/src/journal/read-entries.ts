import { decodeGroup, groupBytes } from './group.js'
import type { EntriesPlace } from './live-entries.js'
import { type Segment, corruptSegment } from './segment.js'
import type { StoredEntry } from './stored-entry.js'

/**
 * The entries that lie there, from `lsn` on. Rejects with GOETHE_CORRUPT where they are not what was
 * written.
 */
export async function readEntries(
  { file, header: { number, salt } }: Segment,
  { from, to, lastLsn }: EntriesPlace,
  lsn: number,
): Promise<StoredEntry[]> {
  const bytes = await file.read(from, to - from)
  const found: StoredEntry[] = []
  for (let at = 0; at < to - from;) {
    const group = decodeGroup(bytes, at, salt)
    if (group === undefined) {
      throw corruptSegment(number, from + at, 'what stands there is not what was written')
    }
    for (const entry of group.entries) {
      if (entry.lsn >= lsn && entry.lsn <= lastLsn) found.push(entry)
    }
    at += groupBytes(group)
  }
  return found
}
