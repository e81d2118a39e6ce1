import { EventLog } from '@goethe/core'
import { ClassicLevel } from 'classic-level'
import type { Durability } from '../durability'
import { levelOptions, topic } from './raw-level'
import type { BatchStore, SingleStore } from './store'

/** A log on classic-level, which it closes with it. */
export async function openLog(directory: string, durability: Durability): Promise<OpenedLog> {
  const db = new ClassicLevel<Uint8Array, Uint8Array>(directory, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    ...levelOptions,
  })
  await db.open()
  const start = performance.now()
  const log = await EventLog.open(db, { durability })
  return {
    db,
    log,
    openTimeMs: performance.now() - start,
    async close() {
      await log.close()
      await db.close()
    },
  }
}

export interface OpenedLog {
  db: ClassicLevel<Uint8Array, Uint8Array>
  log: EventLog
  /** How long the log took to open, without the store below it. */
  openTimeMs: number
  close: () => Promise<void>
}

export async function openGoetheBatches(
  directory: string,
  durability: Durability,
): Promise<BatchStore> {
  const { log, close } = await openLog(directory, durability)
  return {
    append: (payloads) => log.append(topic, payloads),
    count: async () => (await log.describe(topic)).count,
    close,
  }
}

export async function openGoetheAppends(
  directory: string,
  durability: Durability,
): Promise<SingleStore> {
  const { log, close } = await openLog(directory, durability)
  return {
    append: (payload) => log.append(topic, payload),
    count: async () => (await log.describe(topic)).count,
    close,
  }
}
