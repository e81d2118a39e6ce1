import { decodeGroup, decodeGroupHeader, groupBytes, groupHeaderBytes } from './group.js'
import { type Segment, corruptSegment } from './segment.js'
import type { StoredEntry } from './stored-entry.js'

/** Small groups are read together, about this much at a time. */
const chunkBytesMin = 256 * 1024

export interface ReadEntriesOptions {
  /** The first entry wanted. */
  readonly lsn: number
  /** The last one that counts. */
  readonly lastLsn: number
  /** Where a group begins that holds `lsn`, or one before it. */
  readonly offset: number
  readonly bytesMax: number
}

/**
 * Entries of one segment from `lsn` on: at least one, and beyond that at most `bytesMax` bytes of
 * operations. Rejects with GOETHE_CORRUPT where they are not what was written.
 */
export async function readEntries(
  segment: Segment,
  { lsn, lastLsn, offset, bytesMax }: ReadEntriesOptions,
): Promise<StoredEntry[]> {
  const found: StoredEntry[] = []
  let bytes = 0
  for await (const entry of entriesFrom(segment, offset, bytesMax)) {
    if (entry.lsn < lsn) continue
    bytes += entry.operations.length
    if (found.length > 0 && bytes > bytesMax) break
    found.push(entry)
    if (entry.lsn === lastLsn || bytes >= bytesMax) break
  }
  return found
}

/** Entries of the groups from `offset` on. */
async function* entriesFrom(
  { file, header: { number, salt }, end }: Segment,
  offset: number,
  bytesMax: number,
): AsyncGenerator<StoredEntry, void, undefined> {
  const chunkBytes = Math.max(chunkBytesMin, bytesMax)
  while (offset < end) {
    let bytes = await file.read(offset, Math.min(chunkBytes, end - offset))
    const header = decodeGroupHeader(bytes, 0, salt)
    const wanted = header === undefined ? groupHeaderBytes : groupBytes(header)
    if (wanted > bytes.length) bytes = await file.read(offset, wanted)
    let at = 0
    for (;;) {
      const next = decodeGroupHeader(bytes, at, salt)
      // What is not all there comes with the next chunk.
      if (at > 0 && (next === undefined || at + groupBytes(next) > bytes.length)) break
      const group = decodeGroup(bytes, at, salt)
      if (group === undefined) {
        throw corruptSegment(number, offset + at, 'what stands there is not what was written')
      }
      if (group.kind === 'entries') yield* group.entries
      at += groupBytes(group)
    }
    offset += at
  }
}
