import { batchSize, payloadBatches } from '../src/payloads'
import type { EventClient } from './event-server'

/** Appends so many events, a multiple of the size of a batch, from the pool of payloads. */
export async function fill(client: EventClient, events: number): Promise<void> {
  const batches = payloadBatches(100)
  for (let index = 0; index < events / batchSize; index++) {
    await client.appendBatch(batches[index % batches.length]!)
  }
}
