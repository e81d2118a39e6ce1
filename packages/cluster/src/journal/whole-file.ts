/** Small files that are only ever replaced as a whole, so that none is found half written. */
import { crc32 } from 'node:zlib'
import type { Disk } from './disk.js'

/** Undefined where there is none. */
export async function readWhole(disk: Disk, name: string): Promise<Uint8Array | undefined> {
  if (!(await disk.list()).includes(name)) return undefined
  const file = await disk.open(name)
  try {
    return await file.read(0, await file.size())
  } finally {
    await file.close()
  }
}

/**
 * Writes a new file beside the old one. Resolves to what puts it in the place of the old one, which
 * resolves when that is durable: until it is called nothing has changed.
 */
export async function prepareWhole(
  disk: Disk,
  name: string,
  bytes: Uint8Array,
): Promise<() => Promise<void>> {
  const fresh = `${name}.new`
  if ((await disk.list()).includes(fresh)) await disk.remove(fresh)
  const file = await disk.open(fresh, true)
  try {
    await file.write(0, [bytes])
    await file.sync()
  } finally {
    await file.close()
  }
  return async () => {
    await disk.rename(fresh, name)
    await disk.syncDirectory()
  }
}

/** A line of text behind its checksum: a CRC-32 in hexadecimal, and a blank. */
export function encodeChecked(text: string): Uint8Array {
  return new TextEncoder().encode(`${checksum(text)} ${text}\n`)
}

/** Undefined where the checksum does not fit. */
export function decodeChecked(bytes: Uint8Array): string | undefined {
  const content = new TextDecoder().decode(bytes)
  const text = content.slice(9, -1)
  return content === `${checksum(text)} ${text}\n` ? text : undefined
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
