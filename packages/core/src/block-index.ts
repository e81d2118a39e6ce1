import type { Block } from './block.js'
import { type IndexEntry, intervalStart } from './index-entry.js'

/** An index entry and the interval that it stands for. */
interface BlockIndexEntry extends IndexEntry {
  start: bigint
}

/**
 * The index entries that a block brings about, one for each interval that its events lie in;
 * `bytesBefore` are the topic's payload bytes before the block.
 */
export function indexEntriesOf(
  block: Block,
  intervalNs: bigint,
  bytesBefore: number,
): BlockIndexEntry[] {
  const entries: BlockIndexEntry[] = []
  let bytes = bytesBefore
  let last: BlockIndexEntry | undefined
  let next = 0n
  for (const { id, sequence, payload } of block.events()) {
    bytes += payload.length
    if (last === undefined || id >= next) {
      const start = intervalStart(id, intervalNs)
      next = start + intervalNs
      last = { start, lastId: id, lastSequence: sequence, bytes }
      entries.push(last)
    } else {
      last.lastId = id
      last.lastSequence = sequence
      last.bytes = bytes
    }
  }
  return entries
}
