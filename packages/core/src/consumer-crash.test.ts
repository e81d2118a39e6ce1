/** Consumers whose process ends without a word: only what the store had by then is left. */
import { MemoryLevel } from 'memory-level'
import { expect, it } from 'vitest'
import { type Delivery, EventLog } from './index.js'
import { iterate, nextOf } from '../conformance/support.js'

type Database = MemoryLevel<Uint8Array, Uint8Array>

const views = { keyEncoding: 'view', valueEncoding: 'view' } as const
const payloads = ['bad', 'good', 'better'].map((text) => Buffer.from(text))
const twice = { maxAttempts: 2, deadLetter: 'dead' }

/** What a crash at this moment would leave behind. */
async function crashed(database: Database): Promise<Database> {
  const copy = new MemoryLevel<Uint8Array, Uint8Array>(views)
  for await (const [key, value] of database.iterator()) await copy.put(key, value)
  return copy
}

async function firstDelivery(database: Database): Promise<[EventLog, Delivery]> {
  const log = await EventLog.open(database)
  return [log, await nextOf(iterate(log.consumer('plays', 'stage', twice)))]
}

it('an event that takes its process with it goes to the dead letters after its attempts', async () => {
  let database: Database = new MemoryLevel(views)
  const log = await EventLog.open(database)
  await log.append('plays', payloads)
  await log.close()
  await database.open()
  const seen: unknown[] = []
  for (let life = 0; life < 3; life++) {
    const [alive, { event, attempt }] = await firstDelivery(database)
    seen.push([event.text(), attempt])
    const left = await crashed(database)
    await alive.close()
    database = left
  }
  expect(seen).toEqual([
    ['bad', 1],
    ['bad', 2],
    ['good', 1],
  ])
  await using last = await EventLog.open(database)
  expect((await last.read('dead').toArray()).map((event) => event.text())).toEqual(['bad'])
})

it('a crash counts an attempt of all that was held, and of nothing else', async () => {
  const database: Database = new MemoryLevel(views)
  await using log = await EventLog.open(database)
  await log.append('plays', payloads)
  const deliveries = iterate(log.consumer('plays', 'stage'))
  const [first] = [await nextOf(deliveries), await nextOf(deliveries)]
  await first!.ack()
  await using next = await EventLog.open(await crashed(database))
  const again = iterate(next.consumer('plays', 'stage'))
  const attempts = [await nextOf(again), await nextOf(again)]
  expect(attempts.map(({ event, attempt }) => [event.text(), attempt])).toEqual([
    ['good', 2],
    ['better', 1],
  ])
})

it.each(['holds', 'acknowledges without waiting'])(
  'whoever %s, many at a time, has their attempts stored together',
  async (how) => {
    const database: Database = new MemoryLevel(views)
    await using log = await EventLog.open(database)
    await log.append('plays', Array<Uint8Array>(300).fill(payloads[0]!))
    let writes = 0
    database.on('write', () => writes++)
    const consumer = log.consumer('plays', 'stage', twice)
    const deliveries = iterate(consumer)
    const held: Delivery[] = []
    const acks: Promise<void>[] = []
    for (let count = 0; count < 200; count++) {
      const delivery = await nextOf(deliveries)
      held.push(delivery)
      if (how !== 'holds') acks.push(delivery.ack())
    }
    expect(held.map(({ event }) => event.sequence)).toEqual(held.map((_, index) => index + 1))
    // One for each would be 200.
    expect(writes).toBeLessThan(100)
    await Promise.all([...acks, ...held.map((delivery) => delivery.ack())])
    await consumer.close()
    const next = await nextOf(iterate(log.consumer('plays', 'stage', twice)))
    expect([next.event.sequence, next.attempt]).toEqual([201, 1])
  },
)

it('whoever waits for each ack has nothing counted ahead', async () => {
  const database: Database = new MemoryLevel(views)
  await using log = await EventLog.open(database)
  await log.append('plays', Array<Uint8Array>(30).fill(payloads[0]!))
  const deliveries = iterate(log.consumer('plays', 'stage', twice))
  for (let count = 0; count < 10; count++) await (await nextOf(deliveries)).ack()
  const held = await nextOf(deliveries)
  await using left = await EventLog.open(await crashed(database))
  const again = iterate(left.consumer('plays', 'stage', twice))
  const attempts = [await nextOf(again), await nextOf(again)]
  expect(
    attempts.map(({ event, attempt }) => [event.sequence - held.event.sequence, attempt]),
  ).toEqual([
    [0, 2],
    [1, 1],
  ])
})
