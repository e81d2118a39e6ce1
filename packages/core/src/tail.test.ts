import { MemoryLevel } from 'memory-level'
import { describe, expect, it } from 'vitest'
import { EventLog, type LogEvent } from './index.js'

const writers = 1000
const appendsEach = 10

describe('a tail that follows while 1,000 writers append', () => {
  it('sees each event once and in order, however it selects topics', async () => {
    await using log = await EventLog.open(new MemoryLevel<string, string>())
    const total = writers * appendsEach
    const tails = [
      take(log.read('*', { follow: true }), total),
      take(log.read({ prefix: 't' }, { follow: true, from: 'end' }), total),
      take(log.read('t1', { follow: true }), total / 10),
      // Begins in the middle of it.
      (async () => {
        await log.read('t2', { follow: true })[Symbol.asyncIterator]().next()
        return take(log.read('t2', { follow: true, from: 'start' }), total / 10)
      })(),
    ]
    // Each is at its place before the first append.
    await new Promise((resolve) => setImmediate(resolve))
    await Promise.all(Array.from({ length: writers }, (_, writer) => write(log, writer)))
    const [all, prefixed, one, two] = await Promise.all(tails)
    const stored = await log.read('*').toArray()
    expect(stored).toHaveLength(total)
    expect(all!.map(nameOf)).toEqual(stored.map(nameOf))
    expect(prefixed!.map(nameOf)).toEqual(stored.map(nameOf))
    for (const [topic, events] of [
      ['t1', one],
      ['t2', two],
    ] as const) {
      expect(events!.map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: total / 10 }, (_, index) => index + 1),
      )
      expect(events!.every((event) => event.topic === topic)).toBe(true)
    }
    for (let writer = 0; writer < writers; writer += 97) {
      const own = all!.map((event) => event.text()).filter((text) => text.startsWith(`${writer}.`))
      expect(own).toEqual(Array.from({ length: appendsEach }, (_, count) => `${writer}.${count}`))
    }
  })

  it('costs the store no reads when it is quick', async () => {
    await using log = await EventLog.open(new MemoryLevel<string, string>())
    const tails = Array.from({ length: 20 }, () => take(log.read('t0', { follow: true }), 500))
    await new Promise((resolve) => setImmediate(resolve))
    const { storeReads } = log.status()
    for (let count = 0; count < 500; count++) await log.append('t0', new Uint8Array(1))
    await Promise.all(tails)
    expect(log.status().storeReads - storeReads).toBeLessThan(100)
  })
})

async function write(log: EventLog, writer: number): Promise<void> {
  for (let count = 0; count < appendsEach; count++) {
    await log.append(`t${writer % 10}`, Buffer.from(`${writer}.${count}`))
  }
}

async function take(reader: AsyncIterable<LogEvent>, count: number): Promise<LogEvent[]> {
  const events: LogEvent[] = []
  for await (const event of reader) if (events.push(event) === count) break
  return events
}

const nameOf = ({ topic, id, sequence }: LogEvent): string => `${topic} ${id} ${sequence}`
