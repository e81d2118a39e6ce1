import { MemoryLevel } from 'memory-level'
import { describe, expect, it } from 'vitest'
import { FaultyLevel, holdNextWrite, until } from '../tests-support/faulty-level.js'
import { problemsOf } from '../tests-support/problems.js'
import { type Delivery, EventLog } from './index.js'
import { queueBytesPerPayload } from './limits.js'
import { manualClock } from './testing.js'

const one = new Uint8Array([1])
const events = (count: number): Uint8Array[] => Array.from({ length: count }, () => one)

async function openLog(): Promise<{ level: FaultyLevel; log: EventLog }> {
  const level = new FaultyLevel(new MemoryLevel())
  return { level, log: await EventLog.open(level, { clock: manualClock() }) }
}

const sequences = async (log: EventLog, topic: string): Promise<number[]> =>
  (await log.read(topic).toArray()).map(({ sequence }) => sequence)

/** Submits all works, in this order, while another commit is under way. */
async function together(
  { level, log }: { level: FaultyLevel; log: EventLog },
  works: (() => Promise<unknown>)[],
): Promise<PromiseSettledResult<unknown>[]> {
  const { held, release } = holdNextWrite(level)
  const running: Promise<unknown>[] = [log.append('other', one)]
  await held
  for (const work of works) {
    const { queuedBytes } = log.status()
    running.push(work())
    await until(() => log.status().queuedBytes > queuedBytes)
  }
  release()
  return (await Promise.allSettled(running)).slice(1)
}

async function take(consumer: AsyncIterable<Delivery>, count: number): Promise<Delivery[]> {
  const iterator = consumer[Symbol.asyncIterator]()
  const deliveries: Delivery[] = []
  while (deliveries.length < count) deliveries.push((await iterator.next()).value as Delivery)
  return deliveries
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** Both orders of two works. */
function bothOrders<T>(first: T, second: T): T[][] {
  return [
    [first, second],
    [second, first],
  ]
}

describe('upkeep at the same time', () => {
  it('keeps retention and trim apart', async () => {
    const trim = (log: EventLog) => log.trim('a', { before: 4 })
    const retain = (log: EventLog) => log.setRetention('a', { count: 100 })
    for (const works of bothOrders<(log: EventLog) => Promise<unknown>>(trim, retain)) {
      const opened = await openLog()
      await using log = opened.log
      for (let index = 0; index < 5; index++) await log.append('a', one)
      await together(
        opened,
        works.map((work) => () => work(log)),
      )
      expect(await sequences(log, 'a')).toEqual([4, 5])
      expect((await log.describe('a')).retention).toEqual({ count: 100 })
      expect(await problemsOf(log)).toEqual([])
    }
  })

  it('keeps two trims of one topic apart', async () => {
    for (const befores of bothOrders(5, 2)) {
      const opened = await openLog()
      await using log = opened.log
      for (let index = 0; index < 5; index++) await log.append('a', one)
      await together(
        opened,
        befores.map((before) => () => log.trim('a', { before })),
      )
      expect(await sequences(log, 'a')).toEqual([5])
      expect(await problemsOf(log)).toEqual([])
    }
  })

  it('keeps trims of topics whose blocks share a commit apart', async () => {
    const opened = await openLog()
    await using log = opened.log
    for (let index = 0; index < 3; index++) {
      await log.appendAll([
        { topic: 'a', payloads: events(2) },
        { topic: 'b', payloads: events(2) },
      ])
    }
    await together(opened, [() => log.trim('a', { before: 5 }), () => log.trim('b', { before: 5 })])
    expect(await sequences(log, 'a')).toEqual([5, 6])
    expect(await sequences(log, 'b')).toEqual([5, 6])
    expect(await problemsOf(log)).toEqual([])
  })

  it('leaves a topic that is appended to while it is deleted either gone or new', async () => {
    const append = (log: EventLog) => log.append('a', one)
    const remove = (log: EventLog) => log.deleteTopic('a')
    for (const works of bothOrders<(log: EventLog) => Promise<unknown>>(append, remove)) {
      const opened = await openLog()
      await using log = opened.log
      for (let index = 0; index < 5; index++) await log.append('a', one)
      // All but the topic's record is gone, so that the delete needs no more than one step.
      await log.trim('a', { before: 6 })
      await together(
        opened,
        works.map((work) => () => work(log)),
      )
      expect(await problemsOf(log)).toEqual([])
      const { firstSequence } = await log.append('a', one)
      expect((await sequences(log, 'a')).at(-1)).toBe(firstSequence)
      expect((await log.describe('a')).count).toBe(firstSequence)
      expect(await problemsOf(log)).toEqual([])
    }
  })

  it('lets no cursor outlive the topic that is deleted while it commits', async () => {
    const { level, log: opened } = await openLog()
    await using log = opened
    await log.append('a', events(5))
    const [, second, third] = await log.read('a').toArray()
    const cursor = log.cursor('a', 'reader')
    await cursor.commit(second!)
    const [delivery] = await take(log.consumer('a', 'worker'), 1)
    let late: Promise<PromiseSettledResult<void>[]> | undefined
    level.faults.write = async (operations, write) => {
      if (operations.some(({ type, key }) => type === 'del' && text(key) === '!topics!a')) {
        const newcomer = log.cursor('a', 'new')
        late = Promise.allSettled([cursor.commit(third!), newcomer.commit(third!), delivery!.ack()])
        await until(() => log.status().queuedBytes >= 4 * queueBytesPerPayload)
      }
      await write(operations)
    }
    await log.deleteTopic('a')
    expect((await late)?.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(await log.cursors()).toEqual([])
    expect(await problemsOf(log)).toEqual([])
    await log.append('a', events(5))
    expect(await log.cursor('a', 'reader').lag()).toBe(5)
  })

  it('lets no cursor outlive its own deletion while it commits', async () => {
    const { level, log: opened } = await openLog()
    await using log = opened
    await log.append('a', events(5))
    const [, second, third] = await log.read('a').toArray()
    const cursor = log.cursor('a', 'reader')
    await cursor.commit(second!)
    await together({ level, log }, [
      () => log.cursor('a', 'reader').delete(),
      () => cursor.commit(third!),
    ])
    expect(await log.cursors()).toEqual([])
  })
})
