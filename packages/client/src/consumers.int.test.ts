import { type Delivery, type EventLog, GoetheError } from '@goethe/core'
import { manualClock } from '@goethe/core/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { seededRandom } from '../tests-support/seeded-random.js'
import { TcpProxy } from '../tests-support/tcp-proxy.js'
import { TestServer, memoryLog } from '../tests-support/test-server.js'
import { connect } from './index.js'

let log: EventLog
let server: TestServer
let proxy: TcpProxy
let client: ReturnType<typeof connect>

const clock = manualClock()

beforeEach(async () => {
  log = await memoryLog({ clock })
  server = await TestServer.start(log, {}, clock)
  proxy = await TcpProxy.start(server.address)
  client = connect(proxy.address, { random: seededRandom(1) })
})

afterEach(async () => {
  await client.close()
  await proxy.stop()
  await server.stop()
  await log.close()
})

it('a fast consumer is sent far more ahead than it would get one by one', async () => {
  const count = 20_000
  await appendMany(count)
  // One by one, these would take longer than any test may.
  const acks: Promise<void>[] = []
  for await (const delivery of client.consumer('t', 'c', { maxInFlight: 10_000 })) {
    acks.push(delivery.ack())
    if (delivery.event.sequence === count) break
  }
  await Promise.all(acks)
  expect(await positionOf('c')).toBe(count)
})

it('acks in flight while a consumer closes are stored and resolve', async () => {
  await appendMany(20)
  const consumer = client.consumer('t', 'c')
  const deliveries = await take(consumer, 20)
  const acks = deliveries.map((delivery) => delivery.ack())
  await consumer.close()
  await Promise.all(acks)
  expect(await positionOf('c')).toBe(20)
})

it('acks in flight while a consumer closes are stored also when the connection was cut', async () => {
  await appendMany(3)
  const consumer = client.consumer('t', 'c')
  const deliveries = await take(consumer, 3)
  const cut = proxy.nextCut()
  proxy.cut()
  const acks = deliveries.map((delivery) => delivery.ack())
  await cut
  await consumer.close()
  await Promise.all(acks)
  expect(await positionOf('c')).toBe(3)
})

it('closing a consumer of a server that says nothing ends by the deadline', async () => {
  await appendMany(2)
  const impatient = connect(proxy.address, { deadlineMs: 2000 })
  const consumer = impatient.consumer('t', 'c')
  const [delivery] = await take(consumer, 1)
  proxy.freeze()
  const code = codeOf(delivery!.ack())
  await consumer.close()
  // Both have waited for as long: either may be the one to end the wait.
  expect(['GOETHE_DEADLINE', 'GOETHE_DELIVERY_EXPIRED']).toContain(await code)
  await impatient.close()
  proxy.heal()
})

it('closing the client ends a consumer that waits and what it holds', async () => {
  await appendMany(1)
  const closing = connect(proxy.address, { deadlineMs: 2000 })
  const iterator = closing.consumer('t', 'c')[Symbol.asyncIterator]()
  const delivery = await next(iterator)
  proxy.freeze()
  const [waiting, ack] = [codeOf(iterator.next()), codeOf(delivery.ack())]
  await closing.close()
  expect(await waiting).toBe('GOETHE_CLOSED')
  // It waited as long as the client did for the server: one of the two gives up first.
  expect(['GOETHE_CLOSED', 'GOETHE_DEADLINE']).toContain(await ack)
  proxy.heal()
})

it('a consumer that never reaches a server fails by the deadline', async () => {
  proxy.refuse()
  const impatient = connect(proxy.address, { deadlineMs: 100 })
  const waiting = impatient.consumer('t', 'c')[Symbol.asyncIterator]().next()
  expect(await codeOf(waiting)).toBe('GOETHE_UNAVAILABLE')
  await impatient.close()
})

it('what was sent ahead when a consumer closes is delivered again as if for the first time', async () => {
  await appendMany(5000)
  const consumer = client.consumer('t', 'c', { maxInFlight: 1000 })
  for (const delivery of await take(consumer, 200)) await delivery.ack()
  await consumer.close()
  const rest = await take(client.consumer('t', 'c', { maxInFlight: 1000 }), 1000)
  expect(rest.map(({ event }) => event.sequence)).toEqual(rest.map((_, index) => 201 + index))
  expect(rest.filter(({ attempt }) => attempt > 1).map(({ event }) => event.sequence)).toEqual([])
})

it('deliveries that are held stay valid across a cut', async () => {
  await appendMany(10)
  const iterator = client.consumer('t', 'c')[Symbol.asyncIterator]()
  const held = [await next(iterator), await next(iterator)]
  for (let cuts = 0; cuts < 3; cuts++) {
    proxy.cut()
    held.push(await next(iterator))
  }
  await Promise.all(held.map((delivery) => delivery.ack()))
  expect(held.map(({ event }) => event.sequence)).toEqual([1, 2, 3, 4, 5])
  expect(await positionOf('c')).toBe(5)
})

it('what a server that was restarted delivers again is not acknowledged by the deliveries before', async () => {
  await appendMany(2)
  const iterator = client.consumer('t', 'c')[Symbol.asyncIterator]()
  const before = [await next(iterator), await next(iterator)]
  await server.stop()
  server = await TestServer.start(log, {}, clock)
  proxy.target = Number(new URL(server.address).port)
  const late = before.map((delivery) => codeOf(delivery.ack()))
  const again = [await next(iterator), await next(iterator)]
  expect(await Promise.all(late)).toEqual(['GOETHE_DELIVERY_EXPIRED', 'GOETHE_DELIVERY_EXPIRED'])
  expect(again.map(({ event }) => event.sequence)).toEqual([1, 2])
  expect(await positionOf('c')).toBe(0)
  await Promise.all(again.map((delivery) => delivery.ack()))
  expect(await positionOf('c')).toBe(2)
})

it('an ack of which nobody knows whether it was stored does not promise that its event comes again', async () => {
  await appendMany(2)
  const iterator = client.consumer('t', 'c')[Symbol.asyncIterator]()
  const [first] = [await next(iterator), await next(iterator)]
  const cut = proxy.nextCut()
  // The answer is lost, with the server.
  proxy.cutAfter('down', 0)
  const ack = first.ack().catch((error: unknown) => error)
  await cut
  proxy.refuse()
  await server.stop()
  server = await TestServer.start(log, {}, clock)
  proxy.target = Number(new URL(server.address).port)
  proxy.heal()
  expect((await next(iterator)).event.sequence).toBe(2)
  expect(await ack).toMatchObject({
    code: 'GOETHE_DELIVERY_EXPIRED',
    message:
      'The server was away for too long or has restarted: the event is delivered again, unless an ' +
      'ack of it was stored before',
  })
  expect(await positionOf('c')).toBe(1)
})

it('an extended delivery does not time out, another one does', async () => {
  await appendMany(2)
  const iterator = client.consumer('t', 'c', { ackTimeoutMs: 1000 })[Symbol.asyncIterator]()
  const extended = await next(iterator)
  const forgotten = await next(iterator)
  clock.advance(600)
  extended.extend()
  // Answers come in the order of the messages: the extension has arrived when this one has.
  await roundTrip(iterator)
  clock.advance(600)
  const again = await next(iterator)
  expect(again.event.sequence).toBe(2)
  expect(again.attempt).toBe(2)
  expect(await codeOf(forgotten.ack())).toBe('GOETHE_DELIVERY_EXPIRED')
  await extended.ack()

  /** A third event goes all the way to the server and back. */
  async function roundTrip(through: AsyncIterator<Delivery>): Promise<void> {
    const arrival = next(through)
    await client.append('t', Buffer.from('3'))
    const delivery = await arrival
    await delivery.ack()
  }
})

it('an event that is extended and acknowledged in one turn is acknowledged', async () => {
  await appendMany(1)
  const [delivery] = await take(client.consumer('t', 'c'), 1)
  delivery!.extend()
  await delivery!.ack()
  expect(await positionOf('c')).toBe(1)
})

it('what was sent ahead and is not looked at goes to others, as if for the first time', async () => {
  await appendMany(100)
  const slow = client.consumer('t', 'c')[Symbol.asyncIterator]()
  for (let count = 0; count < 20; count++) await (await next(slow)).ack()
  const other = connect(server.address)
  const seen: Delivery[] = []
  for await (const delivery of other.consumer('t', 'c')) {
    await delivery.ack()
    seen.push(delivery)
    if (seen.length === 80) break
  }
  expect(seen.filter(({ attempt }) => attempt > 1)).toEqual([])
  expect(await positionOf('c')).toBe(100)
  await other.close()
})

it('what goes back while the connection is cut goes back all the same', async () => {
  await appendMany(100)
  const slow = client.consumer('t', 'c')[Symbol.asyncIterator]()
  for (let count = 0; count < 20; count++) await (await next(slow)).ack()
  // Nothing passes upwards any more, and the next connection is the first to hear of it.
  proxy.cutAfter('up', 0)
  await proxy.nextCut()
  const other = connect(server.address)
  const seen: Delivery[] = []
  for await (const delivery of other.consumer('t', 'c')) {
    await delivery.ack()
    seen.push(delivery)
    if (seen.length === 80) break
  }
  expect(seen.filter(({ attempt }) => attempt > 1)).toEqual([])
  await other.close()
})

it('nothing is lost and nothing acknowledged comes again, wherever connections are cut', async () => {
  const count = 3000
  const random = seededRandom(7)
  await appendMany(count)
  let cuts = 12
  proxy.onAccept((left) => {
    if (cuts-- <= 0) return
    left.up = 300 + Math.floor(random() * 2000)
    left.down = 300 + Math.floor(random() * 20_000)
  })
  proxy.cut()
  const seen = new Set<number>()
  const acks: Promise<void>[] = []
  const options = { maxInFlight: 100 }
  for await (const { event, ack } of client.consumer('t', 'c', options)) {
    expect(seen.has(event.sequence)).toBe(false)
    seen.add(event.sequence)
    acks.push(ack())
    if (seen.size === count) break
  }
  await Promise.all(acks)
  expect(await positionOf('c')).toBe(count)
  expect(proxy.accepted).toBeGreaterThan(5)
})

async function appendMany(count: number): Promise<void> {
  await log.append(
    't',
    Array.from({ length: count }, (_, index) => Buffer.from(String(index + 1))),
  )
}

async function positionOf(consumer: string): Promise<number | undefined> {
  return (await log.cursor('t', consumer).position())?.sequence
}

async function next(iterator: AsyncIterator<Delivery>): Promise<Delivery> {
  const result = await iterator.next()
  if (result.done === true) throw new Error('The consumer has ended')
  return result.value
}

async function take(consumer: AsyncIterable<Delivery>, count: number): Promise<Delivery[]> {
  const iterator = consumer[Symbol.asyncIterator]()
  const deliveries: Delivery[] = []
  while (deliveries.length < count) deliveries.push(await next(iterator))
  return deliveries
}

/** The code with which a promise rejects. */
async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  const error: unknown = await promise.then(
    () => undefined,
    (failure: unknown) => failure,
  )
  return error instanceof GoetheError ? error.code : String(error)
}
