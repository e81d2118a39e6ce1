import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Durability } from '../durability'
import type { BatchStore } from './store'

const bufferBytes = 1024 * 1024
const lengthBytes = 4

/** Lengths and payloads in writes of 1 MiB, no checksum, no index: what the disk lets pass. */
export async function openPlainFile(
  directory: string,
  durability: Durability,
): Promise<BatchStore> {
  const path = join(directory, 'events')
  const file = await open(path, 'a')
  const buffer = Buffer.allocUnsafe(bufferBytes)
  let used = 0

  async function flush() {
    await file.write(buffer, 0, used)
    used = 0
    if (durability === 'fsync') await file.datasync()
  }

  return {
    async append(payloads) {
      for (const payload of payloads) {
        if (used + lengthBytes + payload.length > bufferBytes) await flush()
        buffer.writeUInt32LE(payload.length, used)
        buffer.set(payload, used + lengthBytes)
        used += lengthBytes + payload.length
      }
    },
    flush,
    async count() {
      const bytes = await readFile(path)
      let count = 0
      for (let at = 0; at < bytes.length; at += lengthBytes + bytes.readUInt32LE(at)) count++
      return count
    },
    close: () => file.close(),
  }
}
