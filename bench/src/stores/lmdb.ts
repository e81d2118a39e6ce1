import { join } from 'node:path'
import type { Durability } from '../durability'
import { peerModule } from './peer-module'
import type { BatchStore } from './store'

interface Lmdb {
  put(key: number, value: Buffer, options: PutOptions): Promise<boolean>
  putSync(key: number, value: Buffer, options: PutOptions): void
  transaction(work: () => void): Promise<void>
  transactionSync(work: () => void): void
  getCount(): number
  readonly flushed: Promise<unknown>
  close(): Promise<void>
}

interface PutOptions {
  append: boolean
}

// Keys ascend: LMDB then fills its pages and does not search for the place.
const ascending = { append: true }

/** One transaction per batch, as lmdb recommends it: prepared here, committed by its thread. */
export async function openLmdb(directory: string, durability: Durability): Promise<BatchStore> {
  const db = open(directory, durability)
  let id = 0
  return {
    async append(payloads) {
      await db.transaction(() => {
        for (const payload of payloads) void db.put(++id, payload, ascending)
      })
      if (durability === 'fsync') await db.flushed
    },
    count: async () => db.getCount(),
    close: () => db.close(),
  }
}

/** The same in this thread, which is faster and blocks it meanwhile. */
export async function openLmdbSync(directory: string, durability: Durability): Promise<BatchStore> {
  const db = open(directory, durability)
  let id = 0
  return {
    async append(payloads) {
      db.transactionSync(() => {
        for (const payload of payloads) db.putSync(++id, payload, ascending)
      })
      if (durability === 'fsync') await db.flushed
    },
    count: async () => db.getCount(),
    close: () => db.close(),
  }
}

function open(directory: string, durability: Durability): Lmdb {
  const lmdb = peerModule<{ open(options: object): Lmdb }>('lmdb')
  return lmdb.open({
    path: join(directory, 'events.lmdb'),
    keyEncoding: 'uint32',
    encoding: 'binary',
    noMemInit: true,
    noSync: durability === 'os',
  })
}
