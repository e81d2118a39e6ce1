import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { mustEqual } from './measure'
import { batchSize, payloadBatches } from './payloads'
import type { DataSet, Scale } from './scenario'

export const goetheDirectory = (data: string) => join(data, 'goethe')
export const rawDirectory = (data: string) => join(data, 'classic-level')

/** For scans: a million events in batches of 1,000. */
export const million: DataSet = dataSet('million', 1_000_000)

/** For seeks, and scans that take a while. */
export const tenMillion: DataSet = dataSet('ten-million', 10_000_000)

export const millionEvents = (scale: Scale) => scale.events(1_000_000)
export const tenMillionEvents = (scale: Scale) => scale.events(10_000_000)

/**
 * The same events, with the same ids, in a log and in a raw classic-level with one key per event.
 * Both are compacted, so that nothing goes on in the background while they are read.
 */
function dataSet(name: string, fullEvents: number): DataSet {
  return {
    name,
    async build(directory, scale) {
      await mkdir(goetheDirectory(directory), { recursive: true })
      await mkdir(rawDirectory(directory))
      const events = scale.events(fullEvents)
      await buildLog(directory, events)
      await copyToRaw(directory, events)
    },
  }
}

async function buildLog(directory: string, events: number) {
  const { openLog } = await import('./stores/goethe')
  const { topic } = await import('./stores/raw-level')
  const { log, db, close } = await openLog(goetheDirectory(directory), 'os')
  const batches = payloadBatches(100)
  for (let index = 0; index < events / batchSize; index++) {
    await log.append(topic, batches[index % batches.length]!)
  }
  await compact(db)
  await close()
}

async function copyToRaw(directory: string, events: number) {
  const { openLog } = await import('./stores/goethe')
  const { idOffset, newKey, openRawLevel, topic } = await import('./stores/raw-level')
  const { log, close } = await openLog(goetheDirectory(directory), 'os')
  const raw = await openRawLevel(rawDirectory(directory))
  const key = newKey(0)
  let count = 0
  for await (const copied of log.read(topic).batches()) {
    const batch = raw.batch()
    for (const event of copied) {
      key.writeBigUInt64BE(event.id, idOffset)
      batch.put(key, event.payload as Buffer)
    }
    await batch.write()
    count += copied.length
  }
  mustEqual('Events copied', count, events)
  await compact(raw)
  await raw.close()
  await close()
}

/** Any classic-level, whatever its keys are to those who open it. */
interface Compactable {
  compactRange<K>(start: K, end: K, options: { keyEncoding: string }): Promise<void>
}

/** Brings the tables of a store in order, which it would else do while it is measured. */
export async function compact(db: Compactable) {
  await db.compactRange(Buffer.alloc(0), Buffer.alloc(1, 0xff), { keyEncoding: 'buffer' })
}
