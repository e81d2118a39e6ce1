import type { LogEvent } from '../src/log-event.js'
import { assert, assertEqual, assertRejects } from './assert.js'
import { appendPlaces, placesOf, topic } from './places.js'
import type { Suite } from './suite.js'
import {
  abortController,
  appendTexts,
  assertSound,
  eventsOf,
  iterate,
  nextOf,
  noise,
  numbered,
  payload,
  range,
  sequences,
  takeFrom,
  texts,
} from './support.js'

export function readTests({ group, test }: Suite): void {
  group('read: positions', () => {
    test('forward, every position begins at the first event at or after it', async ({ log }) => {
      const all = await appendPlaces(log)
      for (const { position, name, id } of placesOf(all)) {
        const read = await log.read(topic, { from: position }).toArray()
        assertEqual(sequences(read), sequences(all.filter((event) => event.id >= id)), name)
      }
    })

    test('in reverse, every position begins at the last event at or before it', async ({ log }) => {
      const all = await appendPlaces(log)
      for (const { position, name, id } of placesOf(all)) {
        const read = await log.read(topic, { from: position, reverse: true }).toArray()
        const expected = all.filter((event) => event.id <= id).reverse()
        assertEqual(sequences(read), sequences(expected), name)
      }
    })

    test('what is trimmed is no event for any position', async ({ log }) => {
      const all = await appendPlaces(log)
      for (const before of [2, 4, 8]) {
        await log.trim(topic, { before })
        const left = all.filter(({ sequence }) => sequence >= before)
        assertEqual(sequences(await eventsOf(log, topic)), sequences(left))
        for (const { position, name, id } of placesOf(left)) {
          const what = `${name}, trimmed before ${before}`
          const forward = await log.read(topic, { from: position }).toArray()
          assertEqual(sequences(forward), sequences(left.filter((event) => event.id >= id)), what)
          const reverse = await log.read(topic, { from: position, reverse: true }).toArray()
          const expected = left.filter((event) => event.id <= id).reverse()
          assertEqual(sequences(reverse), sequences(expected), `${what}, in reverse`)
        }
      }
    })

    test('forward from a trimmed sequence begins at the first event left', async ({ log }) => {
      await log.append(topic, numbered('o', 10))
      await log.trim(topic, { before: 6 })
      for (const from of [0, 1, 3, 5, 6]) {
        assertEqual(sequences(await log.read(topic, { from }).toArray()), range(6, 10), `${from}`)
      }
    })

    test('in reverse from a trimmed sequence there is nothing', async ({ log }) => {
      await log.append(topic, numbered('o', 10))
      await log.trim(topic, { before: 6 })
      for (const from of [0, 1, 3, 5]) {
        const read = await log.read(topic, { from, reverse: true }).toArray()
        assertEqual(sequences(read), [], `from ${from}`)
      }
    })

    test("'start' is the first event, 'end' is behind the last", async ({ log }) => {
      await appendTexts(log, topic, '1', '2', '3')
      assertEqual(texts(await log.read(topic, { from: 'start' }).toArray()), ['1', '2', '3'])
      assertEqual(await log.read(topic, { from: 'end' }).toArray(), [])
    })

    test("in reverse 'end' is the last event, 'start' is before the first", async ({ log }) => {
      await appendTexts(log, topic, '1', '2', '3')
      const read = (from: 'start' | 'end'): Promise<LogEvent[]> => {
        return log.read(topic, { from, reverse: true }).toArray()
      }
      assertEqual(texts(await read('end')), ['3', '2', '1'])
      assertEqual(texts(await read('start')), [])
    })

    test('{ after: id } begins behind that event', async ({ log }) => {
      const receipt = await log.append(topic, numbered('o', 3))
      const read = await log.read(topic, { from: { after: receipt.firstId } }).toArray()
      assertEqual(texts(read), ['o2', 'o3'])
      assertEqual(await log.read(topic, { from: { after: receipt.lastId } }).toArray(), [])
    })

    test('{ cursor } begins behind what its consumer has committed', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      const from = { cursor: 'mailer' }
      assertEqual(sequences(await log.read(topic, { from }).toArray()), [1, 2, 3])
      const [, second] = await eventsOf(log, topic)
      await log.cursor(topic, 'mailer').commit(second!)
      assertEqual(sequences(await log.read(topic, { from }).toArray()), [3])
    })

    test('a topic that does not exist has no events', async ({ log }) => {
      await appendTexts(log, 'a', '1')
      await appendTexts(log, 'c', '1')
      assertEqual(await eventsOf(log, 'b'), [])
      assertEqual(await log.read('b', { reverse: true }).toArray(), [])
      assertEqual(await log.read('b', { from: 7 }).toArray(), [])
      assertEqual(await log.topics(), ['a', 'c'])
    })
  })

  group('read: bounds', () => {
    test('to ends before the event at it', async ({ log }) => {
      const all = await appendPlaces(log)
      for (const { position, name, id } of placesOf(all)) {
        if (typeof position !== 'bigint' && !(position instanceof Date)) continue
        const read = await log.read(topic, { to: position }).toArray()
        assertEqual(sequences(read), sequences(all.filter((event) => event.id < id)), name)
      }
    })

    test('in reverse to ends above the event at it', async ({ log }) => {
      const all = await appendPlaces(log)
      for (const { position, name, id } of placesOf(all)) {
        if (typeof position !== 'bigint' && !(position instanceof Date)) continue
        const read = await log.read(topic, { to: position, reverse: true }).toArray()
        const expected = all.filter((event) => event.id > id).reverse()
        assertEqual(sequences(read), sequences(expected), name)
      }
    })

    test('from, to and limit go together, forward and in reverse', async ({ log }) => {
      const all = await appendPlaces(log)
      for (const from of [2, 4, 5, 9]) {
        for (const to of [3, 6, 12]) {
          for (const limit of [0, 1, 3, 100]) {
            const bound = all[to - 1]!.id
            const forward = await log.read(topic, { from, to: bound, limit }).toArray()
            const what = `from ${from} to ${to} limit ${limit}`
            assertEqual(sequences(forward), range(from, to - 1).slice(0, limit), what)
            const options = { from: to, to: all[from - 1]!.id, limit, reverse: true }
            const reverse = await log.read(topic, options).toArray()
            const expected = range(from + 1, to)
              .reverse()
              .slice(0, limit)
            assertEqual(sequences(reverse), expected, `${what} in reverse`)
          }
        }
      }
    })

    test('limit counts events, not blocks', async ({ log }) => {
      await log.append(topic, numbered('a', 3))
      await log.append(topic, numbered('b', 3))
      for (const limit of range(0, 8)) {
        const read = await log.read(topic, { limit }).toArray()
        assertEqual(sequences(read), range(1, Math.min(limit, 6)))
      }
    })
  })

  group('read: iteration', () => {
    test('a reader can be iterated again, and then sees what came meanwhile', async ({ log }) => {
      const reader = log.read(topic)
      assertEqual(await reader.toArray(), [])
      await appendTexts(log, topic, '1')
      assertEqual(texts(await reader.toArray()), ['1'])
      await appendTexts(log, topic, '2')
      assertEqual(texts(await reader.toArray()), ['1', '2'])
    })

    test('batches hold the same events in the same order', async ({ log }) => {
      for (const count of [1, 700, 1, 2, 300]) await log.append(topic, numbered('o', count))
      for (const reverse of [false, true]) {
        const batched: LogEvent[] = []
        for await (const batch of log.read(topic, { reverse }).batches()) {
          assert(batch.length > 0, 'a batch is empty')
          batched.push(...batch)
        }
        const expected = range(1, 1004)
        assertEqual(sequences(batched), reverse ? expected.reverse() : expected)
      }
    })

    test('what is done to a batch is not seen by other readers', async ({ log }) => {
      const readers = range(1, 2).map(() => log.read(topic, { follow: true }).batches())
      const firsts = readers.map((reader) => nextOf(reader))
      await log.append(topic, payload('o1'))
      await Promise.all(firsts)
      await log.append(topic, numbered('o', 3))
      const batch = await nextOf(readers[0]!)
      batch.reverse()
      batch.length = 1
      assertEqual(sequences(await nextOf(readers[1]!)), [2, 3, 4])
      for (const reader of readers) await reader.return?.()
    })

    test('overlapping calls of next() are answered in order', async ({ log }) => {
      for (const count of [1, 2, 1, 5]) await log.append(topic, numbered('o', count))
      const iterator = iterate(log.read(topic))
      const nexts = await Promise.all(range(1, 11).map(() => iterator.next()))
      assertEqual(
        nexts.map(({ value }) => value?.sequence),
        [...range(1, 9), undefined, undefined],
      )
    })

    test('leaving the loop early leaves the log as it is', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      for await (const event of log.read(topic)) {
        assertEqual(event.sequence, 1)
        break
      }
      assertEqual((await eventsOf(log, topic)).length, 3)
    })

    test('an iterator that was left stays at its end', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      const iterator = iterate(log.read(topic))
      await nextOf(iterator)
      await iterator.return?.()
      assertEqual((await iterator.next()).done, true)
    })

    test('a hundred readers at a time read the same', async ({ log }) => {
      await Promise.all(range(1, 50).map((number) => log.append(topic, numbered(`${number}-`, 7))))
      const all = await Promise.all(range(1, 100).map(() => eventsOf(log, topic)))
      for (const events of all) assertEqual(sequences(events), range(1, 350))
    })

    test('a log larger than what is read at a time is read to its end', async ({ log }) => {
      for (const number of range(1, 20)) {
        await log.append(topic, [noise(300_000, number), noise(5, number)])
      }
      assertEqual(sequences(await eventsOf(log, topic)), range(1, 40))
      const reverse = await log.read(topic, { reverse: true }).toArray()
      assertEqual(sequences(reverse), range(1, 40).reverse())
      assertEqual(sequences(await log.read({ prefix: '' }).toArray()), range(1, 40))
      await assertSound(log)
    })

    test('1,200 lone appends are read in order', async ({ log }) => {
      const calls = range(1, 1200).map((number) => {
        return log.append(topic, payload(`${number}`), { time: BigInt(number) * 10n })
      })
      await Promise.all(calls)
      assertEqual(sequences(await eventsOf(log, topic)), range(1, 1200))
      const reverse = await log.read('*', { reverse: true }).toArray()
      assertEqual(sequences(reverse), range(1, 1200).reverse())
    })

    test('a read that began is not disturbed by appends, trim and delete', async ({ log }) => {
      for (const round of range(1, 30)) await log.append(topic, numbered(`${round}-`, 10))
      const iterator = iterate(log.read(topic))
      assertEqual(sequences(await takeFrom(iterator, 5)), range(1, 5))
      await log.append(topic, numbered('more', 10))
      await log.trim(topic, { before: 101 })
      let last = 5
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
        assert(next.value.sequence > last, 'an event comes twice or out of order')
        last = next.value.sequence
      }
      assert(last >= 300, `the read ended at ${last}`)
      const again = iterate(log.read(topic))
      await nextOf(again)
      await log.deleteTopic(topic)
      while ((await again.next()).done !== true);
    })

    test('the signal ends a read with GOETHE_ABORTED', async ({ log }) => {
      await log.append(topic, numbered('o', 10))
      const controller = abortController()
      const { signal } = controller
      const iterator = iterate(log.read(topic, { signal }).batches())
      controller.abort(new Error('enough'))
      const error = await assertRejects('GOETHE_ABORTED', iterator.next())
      assertEqual((error.cause as Error).message, 'enough')
      await assertRejects('GOETHE_ABORTED', log.read(topic, { signal }).toArray())
    })

    test('a reader that is begun after close rejects with GOETHE_CLOSED', async ({ log }) => {
      await log.append(topic, numbered('o', 10))
      const reader = log.read(topic)
      await log.close()
      await assertRejects('GOETHE_CLOSED', reader.toArray())
    })

    test('a reader that is half-way when the log closes ends', async ({ log }) => {
      for (const number of range(1, 12)) await log.append(topic, noise(300_000, number))
      const iterator = iterate(log.read(topic))
      await nextOf(iterator)
      await log.close()
      await assertRejects('GOETHE_CLOSED', async () => {
        while ((await iterator.next()).done !== true);
      })
    })
  })

  group('read: events', () => {
    test('an event tells its text, JSON and time', async ({ log }) => {
      const time = new Date('2001-01-01T00:00:00.007Z')
      await log.append(topic, payload('{"total":"4 €"}'), { time })
      const [event] = await eventsOf(log, topic)
      assertEqual(event!.text(), '{"total":"4 €"}')
      assertEqual(event!.json(), { total: '4 €' })
      assertEqual(event!.time, time)
    })

    test(
      'events are there after reopening, and the next follows on',
      { needs: ['reopen'] },
      async (s) => {
        const { lastId } = await s.log.append(topic, numbered('o', 3))
        await s.reopen()
        const receipt = await s.log.append(topic, payload('o4'))
        assert(receipt.firstId > lastId, 'an id was given again')
        assertEqual(sequences(await eventsOf(s.log, topic)), [1, 2, 3, 4])
        await assertSound(s.log)
      },
    )
  })
}
