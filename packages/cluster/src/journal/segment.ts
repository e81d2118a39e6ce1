import { GoetheError } from '@goethe/core'
import type { Disk, DiskFile } from './disk.js'
import { type Group, decodeGroup, groupBytes } from './group.js'
import {
  type SegmentHeader,
  decodeSegmentHeader,
  encodeSegmentHeader,
  segmentHeaderBytes,
  segmentName,
} from './segment-header.js'
import { tailAt } from './tail.js'

/** One file of the journal: a header, and groups of entries behind it. */
export interface Segment {
  readonly header: SegmentHeader
  readonly file: DiskFile
  /** Where the next group goes. */
  end: number
}

/** Makes a segment; resolves when it is durable. */
export async function createSegment(disk: Disk, header: SegmentHeader): Promise<Segment> {
  const file = await disk.open(segmentName(header.number), true)
  try {
    await file.write(0, [encodeSegmentHeader(header)])
    await file.sync()
    await disk.syncDirectory()
  } catch (error) {
    await file.close()
    throw error
  }
  return { header, file, end: segmentHeaderBytes }
}

export interface OpenSegmentOptions {
  /** No segment follows: a crash may have cut off its end. */
  readonly last: boolean
  /** What is before this offset was durable for certain. */
  readonly durableBytes: number
  /** Called with each group in order. */
  onGroup(group: Group, offset: number): void
  /** Called with the header, before any group. */
  onHeader(header: SegmentHeader): void
}

/**
 * Opens a segment and reads all of it. What a crash cut off is cut away; undefined when that is the
 * whole segment. Rejects with GOETHE_CORRUPT where it is damaged.
 */
export async function openSegment(
  disk: Disk,
  number: number,
  options: OpenSegmentOptions,
): Promise<Segment | undefined> {
  const file = await disk.open(segmentName(number))
  try {
    const bytes = await file.read(0, await file.size())
    const header = decodeSegmentHeader(bytes)
    if (header === undefined) {
      if (!options.last || options.durableBytes > 0 || !isCutOff(bytes)) {
        throw corruptSegment(number, 0, 'its header is not what was written')
      }
      await file.close()
      return undefined
    }
    if (header.number !== number) {
      throw corruptSegment(number, 0, `it says that it is segment ${header.number}`)
    }
    options.onHeader(header)
    const { lastAt, end } = readGroups(bytes, header, options)
    if (end < bytes.length) await file.truncate(end)
    if (options.last) {
      // A process that ended between its last write and the sync left what reads as whole. So does a
      // write that failed, and a second sync says nothing about that: Linux does not try again.
      if (lastAt >= options.durableBytes) await file.write(lastAt, [bytes.subarray(lastAt, end)])
      await file.sync()
      await disk.syncDirectory()
    }
    return { header, file, end }
  } catch (error) {
    await file.close().catch(() => {})
    throw error
  }
}

/** Where the groups end, and what was written last begins. */
function readGroups(
  bytes: Uint8Array,
  { number, salt }: SegmentHeader,
  { last, durableBytes, onGroup }: OpenSegmentOptions,
): { lastAt: number; end: number } {
  let lastAt = 0
  let at = segmentHeaderBytes
  for (;;) {
    const group = decodeGroup(bytes, at, salt)
    if (group === undefined) break
    onGroup(group, at)
    lastAt = at
    at += groupBytes(group)
  }
  const tail = tailAt(bytes, at, salt)
  if (tail === 'damaged' || (tail === 'torn' && !last)) {
    throw corruptSegment(number, at, 'what stands there is not what was written')
  }
  if (at < durableBytes) {
    throw corruptSegment(number, at, `it ends there, but ${durableBytes} bytes of it were durable`)
  }
  return { lastAt, end: at }
}

/** True when these may be the first bytes of a segment whose making a crash interrupted. */
function isCutOff(bytes: Uint8Array): boolean {
  return bytes.length <= segmentHeaderBytes && (bytes[segmentHeaderBytes - 1] ?? 0) === 0
}

/** An error that says where a segment is damaged and what that means. */
export function corruptSegment(number: number, offset: number, what: string): GoetheError {
  return new GoetheError(
    'GOETHE_CORRUPT',
    `The journal is damaged in ${segmentName(number)} at byte ${offset}: ${what}. ` +
      `It is not repaired here, since entries that others rely on may be lost: ` +
      `give this member an empty directory, and it fetches everything from the leader`,
  )
}
