import type { EventLogApi } from '@goethe/core'
import { Acknowledgements } from './acknowledgements'
import { type EventClient, pageSize, type See } from './event-server'

const topic = 'orders'

export interface LogClientOptions {
  /** Read in arrays, which is faster, rather than event by event. */
  inArrays?: boolean
}

/** What the scenarios do, by the contract of the log; where the log lies makes no difference. */
export function logClient(
  log: EventLogApi,
  close: () => Promise<unknown>,
  { inArrays = false }: LogClientOptions = {},
): EventClient {
  return {
    append: (payload) => log.append(topic, payload),
    appendBatch: (payloads) => log.append(topic, payloads),
    read: (count, see) => (inArrays ? readArrays(log, count, see) : readOneByOne(log, count, see)),
    follow: (see) => follow(log, see),
    consume: (count, see) => consume(log, count, see),
    count: async () => (await log.describe(topic)).count,
    close,
  }
}

async function readOneByOne(log: EventLogApi, limit: number, see: See) {
  for await (const event of log.read(topic, { limit })) see(event.payload)
}

async function readArrays(log: EventLogApi, limit: number, see: See) {
  for await (const events of log.read(topic, { limit }).batches()) {
    for (const event of events) see(event.payload)
  }
}

async function follow(log: EventLogApi, see: See): Promise<never> {
  for await (const event of log.read(topic, { follow: true })) see(event.payload)
  throw new Error('A read that follows has ended')
}

async function consume(log: EventLogApi, count: number, see: See) {
  let seen = 0
  const acknowledgements = new Acknowledgements()
  for await (const delivery of log.consumer(topic, 'bench', { maxInFlight: pageSize })) {
    see(delivery.event.payload)
    acknowledgements.add(delivery.ack())
    if (++seen < count) continue
    // Leaving the loop gives back what is not acknowledged.
    await acknowledgements.drained()
    break
  }
}
