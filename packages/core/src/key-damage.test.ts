import { MemoryLevel } from 'memory-level'
import { describe, expect, it } from 'vitest'
import { problemsOf } from '../tests-support/problems.js'
import { EventLog, isGoetheError } from './index.js'
import { appendId, keyspaces, trailingId } from './keyspace.js'
import { manualClock } from './testing.js'

const { events } = keyspaces('')
const views = { keyEncoding: 'view', valueEncoding: 'view' } as const

/** What a store does that mistakes one key for another: the block of `a` lies under another one. */
async function moved(to: (key: Uint8Array) => Uint8Array, existing: string[]): Promise<EventLog> {
  const level = new MemoryLevel<string, string>()
  const log = await EventLog.open(level, { clock: manualClock() })
  for (const topic of ['a', ...existing]) await log.append(topic, new Uint8Array([1]))
  await log.close()
  await level.open()
  const range = events.rangeOf('a:')
  const [entry] = await level.iterator<Uint8Array, Uint8Array>({ ...range, ...views }).all()
  const [key, value] = entry!
  await level.del(key, views as object)
  await level.put<Uint8Array, Uint8Array>(to(key), value, views)
  return EventLog.open(level, { clock: manualClock() })
}

const codeOf = (error: unknown): string => (isGoetheError(error) ? error.code : String(error))
const topicOf = (topic: string) => (key: Uint8Array) =>
  appendId(events.topicPrefix(topic), trailingId(key))

describe('a block under the key of another one', () => {
  for (const [name, to, existing] of [
    ['of a topic that does not exist', topicOf('c'), []],
    ['of a topic with events', topicOf('c'), ['c']],
    [
      'with another id',
      (key: Uint8Array) => appendId(events.topicPrefix('a'), trailingId(key) + 5n),
      [],
    ],
  ] as const) {
    it(`is not read as if it belonged there (${name})`, async () => {
      await using log = await moved(to, [...existing])
      const topic = name === 'with another id' ? 'a' : 'c'
      const read = await log.read(topic).toArray().catch(codeOf)
      const own = existing.length
      expect(read === 'GOETHE_CORRUPT' || (read as unknown[]).length === own).toBe(true)
      expect(await log.read('*').toArray().catch(codeOf)).toBe('GOETHE_CORRUPT')
      expect(await problemsOf(log)).not.toEqual([])
    })
  }

  it('is missed where it belongs, although it was the last', async () => {
    await using log = await moved(topicOf('c'), [])
    expect(await log.read('a').toArray().catch(codeOf)).toBe('GOETHE_CORRUPT')
    expect(await log.append('a', new Uint8Array([2])).catch(codeOf)).toBe('GOETHE_CORRUPT')
  })
})
