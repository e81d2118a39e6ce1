/** Format version 1, as fixtures/write-v1.mjs left it behind, is read by every later build. */
import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { ClassicLevel } from 'classic-level'
import { expect, it } from 'vitest'
import { problemsOf } from '../tests-support/problems.js'
import { tempFolder } from '../tests-support/temp-folder.js'
import { EventLog, type LogEvent } from './index.js'
import { manualClock } from './testing.js'

const fixture = fileURLToPath(new URL('../fixtures/v1', import.meta.url))
const start = new Date('2026-01-01T00:00:00Z')
const hour = 3_600_000

it('reads all of a log of format version 1, and appends to it', async () => {
  await using folder = await tempFolder()
  await cp(fixture, folder.path, { recursive: true })
  const clock = manualClock(new Date(start.getTime() + 5 * hour))
  await using log = await EventLog.open(new ClassicLevel(folder.path), { clock })
  expect(await problemsOf(log)).toEqual([])
  expect(log.status().indexIntervalMs).toBe(hour / 4)
  expect(await log.topics()).toEqual([
    'imported',
    'large',
    'orders',
    'payments.ä',
    'produced',
    'trimmed',
  ])
  const texts = async (topic: string): Promise<string[]> =>
    (await log.read(topic).toArray()).map((event) => `${event.sequence} ${event.text()}`)
  expect(await texts('orders')).toEqual([
    '6 paid 1',
    ...[2, 3, 4].flatMap((count) => [
      `${count * 3 + 1} order ${count}`,
      `${count * 3 + 2} `,
      `${count * 3 + 3} paid ${count}`,
    ]),
    '16 after the compaction',
  ])
  expect(await texts('payments.ä')).toEqual([0, 1, 2, 3, 4].map((n) => `${n + 1} payment ${n}`))
  expect(await texts('produced')).toEqual(['1 first'])
  expect(await texts('imported')).toEqual(['1 old'])
  expect(await texts('trimmed')).toEqual([])
  expect((await log.seek('imported', 1))!.id).toBe(nanoseconds(5 * hour + 1000))
  const large = await log.read('large').toArray()
  expect(large.map(({ payload }) => [payload.length, payload[0], payload.at(-1)])).toEqual([
    [700_000, 1, 1],
    [700_000, 2, 2],
  ])

  const all = await log.read('*').toArray()
  expect(all.map(placeOf)).toEqual(
    (await Promise.all((await log.topics()).map((topic) => log.read(topic).toArray())))
      .flat()
      .sort((first, second) => (first.id < second.id ? -1 : 1))
      .map(placeOf),
  )
  const payments = await log.read('payments.ä').toArray()
  for (const [index, { id }] of payments.entries()) expect(id).toBe(nanoseconds(index * hour) + 3n)

  expect(await log.cursors()).toMatchObject([
    { topic: 'orders', consumer: 'billing', sequence: 9, hold: true, lag: 7 },
    { topic: 'orders', consumer: 'shipping', sequence: 7, hold: false, acknowledgedAhead: 2 },
  ])
  expect(await log.describe('orders')).toMatchObject({
    createdAt: start,
    count: 11,
    retention: { ageMs: 24 * hour, bytes: 1_000_000, count: 1000 },
  })
  expect(await log.describe('trimmed')).toMatchObject({ count: 0, last: { sequence: 3 } })
  expect(
    (await log.histogram('payments.ä')).map(({ start: from, count }) => [+from, count]),
  ).toEqual([0, 1, 2, 3, 4].map((n) => [start.getTime() + n * hour, 1]))

  const one = new Uint8Array([1])
  const again = await log.append('produced', one, { producer: { id: 'producer', sequence: 7 } })
  expect(again).toMatchObject({ repeated: true, firstSequence: 1 })
  const next = await log.append('trimmed', one, { producer: { id: 'producer', sequence: 8 } })
  expect(next.firstSequence).toBe(4)
  expect(next.firstId).toBe(all.at(-1)!.id + 1n)
  for await (const { event, attempt } of log.consumer('orders', 'shipping')) {
    expect([event.sequence, attempt]).toEqual([8, 2])
    break
  }
  expect(await problemsOf(log)).toEqual([])
})

function nanoseconds(ms: number): bigint {
  return BigInt(start.getTime() + ms) * 1_000_000n
}

function placeOf({ topic, id, sequence }: LogEvent): string {
  return `${topic} ${id} ${sequence}`
}
