/**
 * A group: what one write put into the journal. The next one is written only once that is durable,
 * so a damaged group with another behind it was durable once: that is
 * corruption, while the last one may just have been cut off by a crash.
 *
 *     4  'gj.' and the kind: '1' entries, '2' restart
 *     4  bytes of the body
 *     4  number of entries
 *     4  zeros
 *     8  lsn of the first entry, or of the entry that may come next
 *     4  CRC-32 of all that, beginning with the segment's salt
 *     4  ff ff ff ff
 *     …  body
 *     4  ff ff ff ff
 *
 * The body of entries is, for each one: 4 bytes of length of the operations, 4 of CRC-32, 8 of
 * epoch, and the operations. Its checksum is that of epoch and operations, beginning with the one of
 * the header. The body of a restart is the same with the epoch of the entry before and no operations:
 * what stood in the journal at that lsn and beyond no longer counts.
 */
import { crc32 } from 'node:zlib'
import type { StoredEntry } from './stored-entry.js'
import { putNumber, takeNumber, viewOf } from './numbers.js'

export const groupHeaderBytes = 32
export const groupTrailerBytes = 4
export const entryHeaderBytes = 16

/** From here on a copy of operations costs more than one more part of a write. */
const largeEntryBytes = 16 * 1024

const crcAt = 24
const end = 0xffffffff
const magics = { entries: 0x312e6a67, restart: 0x322e6a67 } as const

export interface GroupHeader {
  readonly kind: 'entries' | 'restart'
  readonly firstLsn: number
  readonly count: number
  readonly bodyBytes: number
  /** With which the checksums of the body begin. */
  readonly seed: number
}

export interface Group extends GroupHeader {
  /** Views of the bytes. A restart has one, for the epoch of the entry before. */
  readonly entries: readonly StoredEntry[]
}

/** Bytes of a group with its frame. */
export function groupBytes({ bodyBytes }: { bodyBytes: number }): number {
  return groupHeaderBytes + bodyBytes + groupTrailerBytes
}

/** The parts of a group, one after the other; the operations of large entries are not copied. */
export function encodeGroup(
  kind: GroupHeader['kind'],
  entries: readonly StoredEntry[],
  salt: number,
): Uint8Array[] {
  let bodyBytes = 0
  let largeBytes = 0
  for (const { operations } of entries) {
    bodyBytes += entryHeaderBytes + operations.length
    if (operations.length >= largeEntryBytes) largeBytes += operations.length
  }
  const parts: Uint8Array[] = []
  const bytes = Buffer.allocUnsafe(groupBytes({ bodyBytes }) - largeBytes)
  const view = viewOf(bytes)
  view.setUint32(0, magics[kind], true)
  view.setUint32(4, bodyBytes, true)
  view.setUint32(8, entries.length, true)
  view.setUint32(12, 0, true)
  putNumber(view, 16, entries[0]!.lsn)
  const seed = crc32(bytes.subarray(0, crcAt), salt)
  view.setUint32(crcAt, seed, true)
  view.setUint32(crcAt + 4, end, true)
  let from = 0
  let at = groupHeaderBytes
  for (const { epoch, operations } of entries) {
    const large = operations.length >= largeEntryBytes
    view.setUint32(at, operations.length, true)
    putNumber(view, at + 8, epoch)
    if (!large) bytes.set(operations, at + entryHeaderBytes)
    const next = at + entryHeaderBytes + (large ? 0 : operations.length)
    const crc = crc32(bytes.subarray(at + 8, next), seed)
    view.setUint32(at + 4, large ? crc32(operations, crc) : crc, true)
    at = next
    if (!large) continue
    parts.push(bytes.subarray(from, at), operations)
    from = at
  }
  view.setUint32(at, end, true)
  parts.push(bytes.subarray(from))
  return parts
}

/** Undefined when no intact header begins at `at`. */
export function decodeGroupHeader(
  bytes: Uint8Array,
  at: number,
  salt: number,
): GroupHeader | undefined {
  if (at + groupHeaderBytes > bytes.length) return undefined
  const view = viewOf(bytes)
  const magic = view.getUint32(at, true)
  if (magic !== magics.entries && magic !== magics.restart) return undefined
  const seed = crc32(bytes.subarray(at, at + crcAt), salt)
  if (view.getUint32(at + crcAt, true) !== seed) return undefined
  if (view.getUint32(at + crcAt + 4, true) !== end) return undefined
  return {
    kind: magic === magics.entries ? 'entries' : 'restart',
    firstLsn: takeNumber(view, at + 16),
    count: view.getUint32(at + 8, true),
    bodyBytes: view.getUint32(at + 4, true),
    seed,
  }
}

/** The group that begins at `at`, or undefined when its bytes are not what was written. */
export function decodeGroup(bytes: Uint8Array, at: number, salt: number): Group | undefined {
  const header = decodeGroupHeader(bytes, at, salt)
  if (header === undefined || at + groupBytes(header) > bytes.length) return undefined
  const view = viewOf(bytes)
  const bodyEnd = at + groupHeaderBytes + header.bodyBytes
  if (view.getUint32(bodyEnd, true) !== end) return undefined
  const entries = new Array<StoredEntry>(header.count)
  let next = at + groupHeaderBytes
  for (let index = 0; index < header.count; index++) {
    const start = next
    if (start + entryHeaderBytes > bodyEnd) return undefined
    next += entryHeaderBytes + view.getUint32(start, true)
    if (next > bodyEnd) return undefined
    const checksum = crc32(bytes.subarray(start + 8, next), header.seed)
    if (view.getUint32(start + 4, true) !== checksum) return undefined
    entries[index] = {
      lsn: header.firstLsn + index,
      epoch: takeNumber(view, start + 8),
      operations: bytes.subarray(start + entryHeaderBytes, next),
    }
  }
  return next === bodyEnd ? { ...header, entries } : undefined
}
