import { MemoryLevel } from 'memory-level'
import { describe, expect, it } from 'vitest'
import { problemsOf } from '../tests-support/problems.js'
import { EventLog } from './index.js'
import { manualClock } from './testing.js'

const one = new Uint8Array([1])
const events = (count: number): Uint8Array[] => Array.from({ length: count }, () => one)

async function logWith(topics: Record<string, number>): Promise<EventLog> {
  const log = await EventLog.open(new MemoryLevel<string, string>(), { clock: manualClock() })
  for (const [topic, count] of Object.entries(topics)) {
    for (let index = 0; index < count; index++) await log.append(topic, one)
  }
  return log
}

const sequences = async (log: EventLog, topic: string): Promise<number[]> =>
  (await log.read(topic).toArray()).map(({ sequence }) => sequence)

describe('upkeep at the same time', () => {
  it('keeps retention and trim apart', async () => {
    await using log = await logWith({ a: 5 })
    await Promise.all([log.trim('a', { before: 4 }), log.setRetention('a', { count: 100 })])
    expect(await sequences(log, 'a')).toEqual([4, 5])
    expect((await log.describe('a')).retention).toEqual({ count: 100 })
    expect(await problemsOf(log)).toEqual([])
  })

  it('keeps two trims of one topic apart', async () => {
    await using log = await logWith({ a: 5 })
    await Promise.all([log.trim('a', { before: 5 }), log.trim('a', { before: 2 })])
    expect(await sequences(log, 'a')).toEqual([5])
    expect(await problemsOf(log)).toEqual([])
  })

  it('keeps trims of topics that share a commit apart', async () => {
    await using log = await logWith({})
    for (let index = 0; index < 3; index++) {
      await log.appendAll([
        { topic: 'a', payloads: events(2) },
        { topic: 'b', payloads: events(2) },
      ])
    }
    await Promise.all([log.trim('a', { before: 5 }), log.trim('b', { before: 5 })])
    expect(await sequences(log, 'a')).toEqual([5, 6])
    expect(await sequences(log, 'b')).toEqual([5, 6])
    expect(await problemsOf(log)).toEqual([])
  })

  it('leaves a topic that is appended to while it is deleted either gone or new', async () => {
    for (const order of ['append first', 'delete first']) {
      await using log = await logWith({ a: 5, b: 1 })
      const remove = () => log.deleteTopic('a')
      const append = () => log.append('a', one)
      const both =
        order === 'append first' ? [append(), remove()] : [remove(), append(), log.append('b', one)]
      await Promise.all(both)
      expect(await problemsOf(log)).toEqual([])
      for (const topic of await log.topics()) {
        const read = await sequences(log, topic)
        expect(read.length).toBe((await log.describe(topic)).count)
      }
    }
  })

  it('lets no cursor outlive the topic that is deleted while it commits', async () => {
    await using log = await logWith({ a: 5 })
    const [, , third] = await log.read('a').toArray()
    const cursor = log.cursor('a', 'reader')
    await cursor.commit({ id: third!.id - 1n, sequence: 2 })
    await Promise.allSettled([log.deleteTopic('a'), cursor.commit(third!)])
    await log.append('a', events(5))
    expect(await sequences(log, 'a')).toEqual([1, 2, 3, 4, 5])
    expect(await log.cursor('a', 'reader').lag()).toBe(5)
    expect(await problemsOf(log)).toEqual([])
  })
})
