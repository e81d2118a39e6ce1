import type { LogEvent } from '../src/log-event.js'
import { assertArgumentError, assertEqual } from './assert.js'
import { appendPlaces, placesOf, topic } from './places.js'
import type { Suite } from './suite.js'
import { numbered, payload } from './support.js'

export function seekTests({ group, test }: Suite): void {
  group('seek', () => {
    test("'next' is the first event at or after every position", async ({ log }) => {
      const all = await appendPlaces(log)
      for (const { position, name, id } of placesOf(all)) {
        const found = await log.seek(topic, position)
        assertEqual(found?.sequence, all.find((event) => event.id >= id)?.sequence, name)
      }
    })

    test("'previous' is the last event at or before every position", async ({ log }) => {
      const all = await appendPlaces(log)
      for (const { position, name, id } of placesOf(all)) {
        const found = await log.seek(topic, position, { nearest: 'previous' })
        assertEqual(found?.sequence, all.filter((event) => event.id <= id).at(-1)?.sequence, name)
      }
    })

    test("'closest' is the one nearer in time, the later of two as near", async ({ log }) => {
      const all = await appendPlaces(log)
      for (const { position, name, id } of placesOf(all)) {
        const found = await log.seek(topic, position, { nearest: 'closest' })
        assertEqual(found?.sequence, closest(all, id).sequence, name)
      }
    })

    test('a time as a number is refused, and not taken for a sequence', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      const time = Date.UTC(2026, 0, 1)
      for (const name of [topic, 'empty']) {
        for (const sequence of [time, time * 1000]) {
          await assertArgumentError(() => log.seek(name, sequence))
          await assertArgumentError(() => log.read(name, { from: sequence }).toArray())
          await assertArgumentError(() => log.read(name, { from: time, reverse: true }).toArray())
          await assertArgumentError(() => log.cursor(name, 'mailer').seek(sequence))
          await assertArgumentError(() => log.cursor(name, 'new').read({ from: time }).toArray())
        }
      }
      await assertArgumentError(() => log.trim(topic, { before: time }))
      const consumer = log.consumer(topic, 'late', { from: time })
      await assertArgumentError(() => consumer[Symbol.asyncIterator]().next())
      assertEqual((await log.describe(topic)).count, 3)
      // What is merely not there yet is the nearest, as ever.
      assertEqual(await log.seek(topic, 900_000_000_000), undefined)
    })

    test("'start' is the first event and 'end' the last", async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      assertEqual((await log.seek(topic, 'start'))?.text(), 'o1')
      assertEqual((await log.seek(topic, 'end'))?.text(), 'o3')
    })

    test('{ cursor } is behind what its consumer has committed', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      const first = await log.seek(topic, 'start')
      await log.cursor(topic, 'mailer').commit(first!)
      assertEqual((await log.seek(topic, { cursor: 'mailer' }))?.text(), 'o2')
      assertEqual((await log.seek(topic, { cursor: 'nobody' }))?.text(), 'o1')
    })

    test('{ after: id } is behind that event', async ({ log }) => {
      const { firstId, lastId } = await log.append(topic, numbered('o', 3))
      assertEqual((await log.seek(topic, { after: firstId }))?.text(), 'o2')
      assertEqual(await log.seek(topic, { after: lastId }), undefined)
    })

    test('a topic without events has nothing at any position', async ({ log }) => {
      await log.append('a', payload('x'))
      await log.append('z', payload('x'))
      for (const position of ['start', 'end', 0, 1, 1n, new Date(), { after: 1n }] as const) {
        for (const nearest of ['next', 'previous', 'closest'] as const) {
          assertEqual(await log.seek('orders', position, { nearest }), undefined)
        }
      }
    })

    test('what is trimmed is not found', async ({ log }) => {
      const { firstId } = await log.append(topic, numbered('o', 10))
      await log.trim(topic, { before: 6 })
      assertEqual((await log.seek(topic, 'start'))?.sequence, 6)
      assertEqual((await log.seek(topic, 3))?.sequence, 6)
      assertEqual((await log.seek(topic, firstId))?.sequence, 6)
      assertEqual(await log.seek(topic, firstId + 2n, { nearest: 'previous' }), undefined)
      assertEqual(await log.seek(topic, 3, { nearest: 'previous' }), undefined)
    })

    test('of a topic all of which is trimmed nothing is found', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      await log.trim(topic, { before: 100 })
      for (const position of ['start', 'end', 1, 3, 4] as const) {
        assertEqual(await log.seek(topic, position), undefined)
        assertEqual(await log.seek(topic, position, { nearest: 'previous' }), undefined)
      }
    })
  })
}

function closest(all: readonly LogEvent[], id: bigint): LogEvent {
  const distance = (event: LogEvent): bigint => (event.id > id ? event.id - id : id - event.id)
  return all.reduce((best, event) => (distance(event) <= distance(best) ? event : best))
}
