/**
 * Snapshots on the wire. Numbers are 4 bytes, but those of a position 8, little-endian.
 *
 *     header   'H', 8 bytes lsn, 8 bytes epoch of the last applied entry, session as UTF-8
 *     entries  'E', then for each entry: length of the key, length of the value, key, value
 *     end      'Z', 8 bytes: how many entries there were in all
 *
 * Each ends with the CRC-32 of what is before it.
 */
import { crc32 } from 'node:zlib'
import { GoetheError } from '@goethe/core'
import { putNumber, takeNumber, viewOf } from '../journal/numbers.js'
import type { Position } from '../replica/position.js'
import type { SnapshotEntry } from './snapshot-source.js'

export type SnapshotFrame =
  /** The session goes on where a broken connection has left it. */
  | { readonly type: 'header'; readonly applied: Position; readonly session: string }
  | { readonly type: 'entries'; readonly entries: readonly SnapshotEntry[] }
  | { readonly type: 'end'; readonly entries: number }

const kinds = { header: 0x48, entries: 0x45, end: 0x5a } as const
const checksumBytes = 4

export function encodeSnapshotFrame(frame: SnapshotFrame): Uint8Array {
  switch (frame.type) {
    case 'header': {
      const session = new TextEncoder().encode(frame.session)
      const bytes = opened(kinds.header, 16 + session.length)
      putNumber(viewOf(bytes), 1, frame.applied.lsn)
      putNumber(viewOf(bytes), 9, frame.applied.epoch)
      bytes.set(session, 17)
      return sealed(bytes)
    }
    case 'entries': {
      const size = frame.entries.reduce(
        (sum, [key, value]) => sum + 8 + key.length + value.length,
        0,
      )
      const bytes = opened(kinds.entries, size)
      const view = viewOf(bytes)
      let at = 1
      for (const [key, value] of frame.entries) {
        view.setUint32(at, key.length, true)
        view.setUint32(at + 4, value.length, true)
        bytes.set(key, at + 8)
        bytes.set(value, at + 8 + key.length)
        at += 8 + key.length + value.length
      }
      return sealed(bytes)
    }
    case 'end': {
      const bytes = opened(kinds.end, 8)
      putNumber(viewOf(bytes), 1, frame.entries)
      return sealed(bytes)
    }
  }
}

/** The entries are views of `bytes`. Throws GOETHE_CORRUPT. */
export function decodeSnapshotFrame(bytes: Uint8Array): SnapshotFrame {
  const end = bytes.length - checksumBytes
  const view = viewOf(bytes)
  if (end < 1 || view.getUint32(end, true) !== crc32(bytes.subarray(0, end))) throw damaged()
  switch (bytes[0]!) {
    case kinds.header:
      if (end < 17) throw damaged()
      return {
        type: 'header',
        applied: { lsn: takeNumber(view, 1), epoch: takeNumber(view, 9) },
        session: new TextDecoder().decode(bytes.subarray(17, end)),
      }
    case kinds.entries:
      return { type: 'entries', entries: decodeEntries(bytes, view, end) }
    case kinds.end:
      if (end !== 9) throw damaged()
      return { type: 'end', entries: takeNumber(view, 1) }
    default:
      throw damaged()
  }
}

function decodeEntries(bytes: Uint8Array, view: DataView, end: number): SnapshotEntry[] {
  const entries: SnapshotEntry[] = []
  let at = 1
  while (at < end) {
    if (at + 8 > end) throw damaged()
    const valueAt = at + 8 + view.getUint32(at, true)
    const next = valueAt + view.getUint32(at + 4, true)
    if (next > end) throw damaged()
    entries.push([bytes.subarray(at + 8, valueAt), bytes.subarray(valueAt, next)])
    at = next
  }
  return entries
}

function opened(kind: number, bytes: number): Uint8Array {
  const frame = new Uint8Array(1 + bytes + checksumBytes)
  frame[0] = kind
  return frame
}

function sealed(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - checksumBytes
  viewOf(bytes).setUint32(end, crc32(bytes.subarray(0, end)), true)
  return bytes
}

function damaged(): GoetheError {
  return new GoetheError('GOETHE_CORRUPT', 'A part of a snapshot is not what was sent')
}
