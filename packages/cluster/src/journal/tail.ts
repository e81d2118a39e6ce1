/**
 * What a segment ends with: nothing, a group that a crash cut off, or damage. A group that never
 * became durable was acknowledged to nobody and is cut away. One that was durable and is no longer
 * what was written must not be: the member would forget what it told others that it holds (see
 * Alagappan et al., Protocol-Aware Recovery for Consensus-Based Storage, FAST 2018).
 *
 * Fresh parts of a file are zeros. So of a write that was cut off, its end is missing or zero, or
 * some sector of it is; disks write whole sectors, in any order. Where neither is so, all of it was
 * written once, and it is damage.
 */
import { decodeGroupHeader, groupBytes, groupHeaderBytes } from './group.js'

const sectorBytes = 512
/** How each group begins, whatever its kind. */
const magic = new TextEncoder().encode('gj.')

/** What is at `at`, where no intact group begins. */
export function tailAt(bytes: Uint8Array, at: number, salt: number): 'end' | 'torn' | 'damaged' {
  if (allZero(bytes, at, bytes.length)) return at === bytes.length ? 'end' : 'torn'
  if (groupBehind(bytes, at, salt)) return 'damaged'
  const header = decodeGroupHeader(bytes, at, salt)
  const end = at + (header === undefined ? groupHeaderBytes : groupBytes(header))
  if (end > bytes.length || bytes[end - 1] === 0) return 'torn'
  return hasZeroSector(bytes, at, end) ? 'torn' : 'damaged'
}

/** True when a sector of the bytes from `from` to `to`, or their part of one, is zero. */
function hasZeroSector(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to;) {
    const next = Math.min(to, (Math.floor(at / sectorBytes) + 1) * sectorBytes)
    if (allZero(bytes, at, next)) return true
    at = next
  }
  return false
}

/** True when an intact header of a group stands somewhere behind `at`. */
function groupBehind(bytes: Uint8Array, at: number, salt: number): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // The body of the group itself may hold what looks like one, but not with this segment's salt.
  for (let from = at + 1; ; from++) {
    from = buffer.indexOf(magic, from)
    if (from < 0) return false
    if (decodeGroupHeader(bytes, from, salt) !== undefined) return true
  }
}

function allZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false
  return true
}
