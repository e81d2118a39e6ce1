/**
 * The first bytes of a segment: which one it is, and what stands before its first entry.
 *
 *     8  'goethe-j'
 *     4  format: 1
 *     4  salt: a random number, with which the checksums of the segment's groups begin
 *     8  number of the segment: 1, 2, 3 …
 *     8  lsn before the segment
 *     8  epoch of that entry
 *     4  CRC-32 of all that
 *     4  ff ff ff ff
 */
import { crc32 } from 'node:zlib'
import { GoetheError } from '@goethe/core'
import type { Position } from '../replica/position.js'
import { putNumber, takeNumber, viewOf } from './numbers.js'

export const segmentHeaderBytes = 48
export const journalFormat = 1

const magic = new TextEncoder().encode('goethe-j')
const crcAt = 40
const end = 0xffffffff

export interface SegmentHeader {
  readonly number: number
  readonly salt: number
  /** What stands before the segment's first entry; lsn 0 and epoch 0 at the very beginning. */
  readonly previous: Position
}

export function encodeSegmentHeader({ number, salt, previous }: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(segmentHeaderBytes)
  const view = viewOf(bytes)
  bytes.set(magic)
  view.setUint32(8, journalFormat, true)
  view.setUint32(12, salt, true)
  putNumber(view, 16, number)
  putNumber(view, 24, previous.lsn)
  putNumber(view, 32, previous.epoch)
  view.setUint32(crcAt, crc32(bytes.subarray(0, crcAt)), true)
  view.setUint32(crcAt + 4, end, true)
  return bytes
}

/** Undefined when these are not the bytes of a header. Throws GOETHE_FORMAT for another format. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | undefined {
  if (bytes.length < segmentHeaderBytes) return undefined
  const view = viewOf(bytes)
  if (view.getUint32(crcAt, true) !== crc32(bytes.subarray(0, crcAt))) return undefined
  if (view.getUint32(crcAt + 4, true) !== end) return undefined
  if (magic.some((byte, at) => bytes[at] !== byte)) return undefined
  const format = view.getUint32(8, true)
  if (format !== journalFormat) {
    throw new GoetheError(
      'GOETHE_FORMAT',
      `The journal has format ${format}; this version knows format ${journalFormat}`,
    )
  }
  return {
    salt: view.getUint32(12, true),
    number: takeNumber(view, 16),
    previous: { lsn: takeNumber(view, 24), epoch: takeNumber(view, 32) },
  }
}

const suffix = '.journal'

/** The name of a segment's file; names sort as the segments do. */
export function segmentName(number: number): string {
  return `${String(number).padStart(16, '0')}${suffix}`
}

/** The number in a segment's name, or undefined for any other file. */
export function segmentNumber(name: string): number | undefined {
  const match = /^(\d{16})\.journal$/.exec(name)
  return match ? Number(match[1]) : undefined
}
