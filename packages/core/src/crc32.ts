/**
 * CRC-32 (ISO-HDLC, the one of zlib and gzip; polynomial 0xEDB88320) of `bytes`, continuing from
 * `seed`, the CRC-32 of what came before. Returns an unsigned 32-bit number.
 */
export type Crc32 = (bytes: Uint8Array, seed?: number) => number

declare const process: { getBuiltinModule?(id: string): unknown } | undefined

function zlibCrc32(): Crc32 | undefined {
  if (typeof process === 'undefined') return undefined
  const zlib = process.getBuiltinModule?.('node:zlib') as { crc32?: Crc32 } | undefined
  const crc = zlib?.crc32
  // That of zlib forgets the seed where there are no bytes.
  return crc && ((bytes, seed = 0) => (bytes.length === 0 ? seed : crc(bytes, seed)))
}

/** The portable implementation: eight tables, eight bytes a step (Kounavis and Berry, 2005). */
export function tableCrc32(): Crc32 {
  const tables = Array.from({ length: 8 }, () => new Uint32Array(256))
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    tables[0]![byte] = crc
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let slice = 1; slice < 8; slice++) {
      const previous = tables[slice - 1]![byte]!
      tables[slice]![byte] = (previous >>> 8) ^ tables[0]![previous & 0xff]!
    }
  }
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]
  return (bytes, seed = 0) => {
    let crc = ~seed
    let at = 0
    for (const end = bytes.length - 7; at < end; at += 8) {
      const low =
        crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
      crc =
        t7[low & 0xff]! ^
        t6[(low >>> 8) & 0xff]! ^
        t5[(low >>> 16) & 0xff]! ^
        t4[low >>> 24]! ^
        t3[bytes[at + 4]!]! ^
        t2[bytes[at + 5]!]! ^
        t1[bytes[at + 6]!]! ^
        t0[bytes[at + 7]!]!
    }
    for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]!) & 0xff]!
    return ~crc >>> 0
  }
}

/** The fastest CRC-32 that this runtime offers. */
export const crc32: Crc32 = zlibCrc32() ?? tableCrc32()
