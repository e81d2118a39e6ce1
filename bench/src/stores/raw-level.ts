import { ClassicLevel } from 'classic-level'
import type { Durability } from '../durability'
import type { BatchStore, SingleStore } from './store'

export type RawLevel = ClassicLevel<Buffer, Buffer>

/** The same for the log and for the raw store. */
export const levelOptions = { writeBufferSize: 64 * 1024 * 1024 }

export const topic = 'orders'
/** All keys of the topic: an event's is the prefix and its id in 8 bytes, big-endian. */
export const topicRange = { gte: Buffer.from(`${topic}:`), lt: Buffer.from(`${topic};`) }
export const idOffset = topicRange.gte.length

const keyBytes = idOffset + 8
const syncOptions: Record<Durability, { sync: boolean } | undefined> = {
  os: undefined,
  fsync: { sync: true },
}

export async function openRawLevel(directory: string): Promise<RawLevel> {
  const db: RawLevel = new ClassicLevel(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    ...levelOptions,
  })
  await db.open()
  return db
}

/** One key per event, written with chained batches: the fastest way to use classic-level so. */
export async function openRawBatches(
  directory: string,
  durability: Durability,
): Promise<BatchStore> {
  const db = await openRawLevel(directory)
  const sync = syncOptions[durability]
  // A chained batch copies keys at once, so that one buffer does for all.
  const key = newKey(0)
  let id = 0
  return {
    append(payloads) {
      const batch = db.batch()
      for (const payload of payloads) {
        key.writeUInt32BE(++id, keyBytes - 4)
        batch.put(key, payload)
      }
      return sync === undefined ? batch.write() : batch.write(sync)
    },
    count: () => countKeys(db),
    close: () => db.close(),
  }
}

/** What most programs do: `put`, as soon as there is something to put. */
export async function openRawPuts(directory: string, durability: Durability): Promise<SingleStore> {
  const db = await openRawLevel(directory)
  const sync = syncOptions[durability]
  let id = 0
  return {
    append: (payload) =>
      sync === undefined ? db.put(newKey(++id), payload) : db.put(newKey(++id), payload, sync),
    count: () => countKeys(db),
    close: () => db.close(),
  }
}

export function newKey(id: number): Buffer {
  const key = Buffer.alloc(keyBytes)
  topicRange.gte.copy(key)
  key.writeUInt32BE(id, keyBytes - 4)
  return key
}

async function countKeys(db: RawLevel): Promise<number> {
  let count = 0
  const iterator = db.keys({ ...topicRange, highWaterMarkBytes: 1024 * 1024 })
  for (;;) {
    const keys = await iterator.nextv(10_000)
    if (keys.length === 0) break
    count += keys.length
  }
  await iterator.close()
  return count
}
