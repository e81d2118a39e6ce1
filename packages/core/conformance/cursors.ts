import type { Cursor } from '../src/cursor.js'
import type { BatchOperation } from '../src/cursor-options.js'
import { assertEqual, assertRejects } from './assert.js'
import type { Suite, TestDatabase } from './suite.js'
import {
  assertSound,
  eventsOf,
  iterate,
  nextOf,
  numbered,
  payload,
  range,
  sequences,
  takeFrom,
} from './support.js'

const topic = 'orders'

export function cursorTests({ group, test }: Suite): void {
  group('cursor', () => {
    test('reads from the start when nothing was committed', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      assertEqual(sequences(await log.cursor(topic, 'mailer').read().toArray()), [1, 2, 3])
    })

    test('reads on behind the committed event', async ({ log }) => {
      await log.append(topic, numbered('o', 5))
      const events = await eventsOf(log, topic)
      for (const committed of range(1, 5)) {
        const cursor = log.cursor(topic, 'mailer')
        await cursor.commit(events[committed - 1]!)
        assertEqual(sequences(await cursor.read().toArray()), range(committed + 1, 5))
      }
    })

    test('each consumer has a position of its own, in each topic', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      await log.append('other', numbered('x', 3))
      const [first] = await eventsOf(log, topic)
      await log.cursor(topic, 'mailer').commit(first!)
      assertEqual(sequences(await log.cursor(topic, 'biller').read().toArray()), [1, 2, 3])
      assertEqual(sequences(await log.cursor('other', 'mailer').read().toArray()), [1, 2, 3])
    })

    test('position and lag tell where it stands', { needs: ['clock'] }, async ({ log, clock }) => {
      const cursor = log.cursor(topic, 'mailer')
      assertEqual([await cursor.position(), await cursor.lag()], [undefined, 0])
      await log.append(topic, numbered('o', 5))
      assertEqual([await cursor.position(), await cursor.lag()], [undefined, 5])
      const [, second] = await eventsOf(log, topic)
      clock.advance(1000)
      await cursor.commit(second!)
      const updatedAt = new Date('2026-01-01T00:00:01Z')
      assertEqual(await cursor.position(), { id: second!.id, sequence: 2, updatedAt })
      assertEqual(await cursor.lag(), 3)
    })

    test('reading alone commits nothing', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      const cursor = log.cursor(topic, 'mailer')
      await cursor.read().toArray()
      assertEqual(await cursor.position(), undefined)
      assertEqual(sequences(await cursor.read().toArray()), [1, 2, 3])
    })

    test('committing the same event again is accepted', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      const [, second] = await eventsOf(log, topic)
      const cursor = log.cursor(topic, 'mailer')
      await cursor.commit(second!)
      await cursor.commit(second!)
      assertEqual((await cursor.position())?.sequence, 2)
    })

    test('committing an earlier event is GOETHE_ALREADY_COMMITTED', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      const [first, second] = await eventsOf(log, topic)
      const cursor = log.cursor(topic, 'mailer')
      await cursor.commit(second!)
      await assertRejects('GOETHE_ALREADY_COMMITTED', cursor.commit(first!))
      assertEqual((await cursor.position())?.sequence, 2)
    })

    test('commits in flight end at the last one', async ({ log }) => {
      await log.append(topic, numbered('o', 20))
      const cursor = log.cursor(topic, 'mailer')
      const events = await cursor.read().toArray()
      await Promise.all(events.map((event) => cursor.commit(event)))
      assertEqual((await cursor.position())?.sequence, 20)
    })

    test('an event that the topic does not have is GOETHE_EVENT_NOT_FOUND', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      const [first, second, third] = await eventsOf(log, topic)
      const cursor = log.cursor(topic, 'mailer')
      for (const wrong of [
        { id: third!.id + 1n, sequence: 4 },
        { id: third!.id, sequence: 4 },
        { id: third!.id + 1n, sequence: 3 },
        { id: first!.id, sequence: 0 },
        { id: first!.id, sequence: 3 },
        { id: third!.id, sequence: 1 },
        { id: 5n, sequence: 1 },
      ]) {
        await assertRejects('GOETHE_EVENT_NOT_FOUND', cursor.commit(wrong))
      }
      await cursor.commit({ id: second!.id, sequence: second!.sequence })
    })

    test('an event of a topic that does not exist is GOETHE_EVENT_NOT_FOUND', async ({ log }) => {
      const commit = log.cursor(topic, 'mailer').commit({ id: 1n, sequence: 1 })
      const { message } = await assertRejects('GOETHE_EVENT_NOT_FOUND', commit)
      assertEqual(message, `Topic '${topic}' has no event 1 with sequence 1; it is empty`)
    })

    test('whoever reads takes it over, and fences off who had it', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      const [first, second] = [log.cursor(topic, 'mailer'), log.cursor(topic, 'mailer')]
      const [event] = await first.read({ limit: 1 }).toArray()
      await second.read({ limit: 1 }).toArray()
      await assertRejects('GOETHE_FENCED', first.commit(event!))
      await second.commit(event!)
      await first.read().toArray()
      await assertRejects('GOETHE_FENCED', second.commit((await eventsOf(log, topic))[1]!))
    })

    test('whoever commits takes it over', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      const [first, second] = [log.cursor(topic, 'mailer'), log.cursor(topic, 'mailer')]
      const [one, two, three] = await first.read().toArray()
      await first.commit(one!)
      await second.commit(two!)
      await assertRejects('GOETHE_FENCED', first.commit(three!))
    })

    test('seek moves it forward and back', async ({ log }) => {
      await log.append(topic, numbered('o', 5))
      const events = await eventsOf(log, topic)
      const cursor = log.cursor(topic, 'mailer')
      for (const [position, expected] of [
        [4, [4, 5]],
        ['start', [1, 2, 3, 4, 5]],
        [events[2]!.id, [3, 4, 5]],
        ['end', []],
        [{ after: events[0]!.id }, [2, 3, 4, 5]],
        [new Date(0), [1, 2, 3, 4, 5]],
        [1, [1, 2, 3, 4, 5]],
        [100, []],
      ] as const) {
        await cursor.seek(position)
        assertEqual(await cursor.lag(), expected.length)
        assertEqual(sequences(await cursor.read().toArray()), expected)
      }
    })

    test('a position between events stands before the next of them', async ({ log }) => {
      await log.append(topic, payload('1'), { time: 1000n })
      await log.append(topic, payload('2'), { time: 2000n })
      const cursor = log.cursor(topic, 'mailer')
      await cursor.seek(1500n)
      assertEqual((await cursor.position())?.sequence, 1)
      assertEqual(sequences(await cursor.read().toArray()), [2])
    })

    test('from reads elsewhere and moves it there', async ({ log }) => {
      await log.append(topic, numbered('o', 5))
      const cursor = log.cursor(topic, 'mailer')
      assertEqual(sequences(await cursor.read({ from: 4 }).toArray()), [4, 5])
      assertEqual(sequences(await cursor.read().toArray()), [4, 5])
    })

    test('limit and follow are those of a reader', async ({ log }) => {
      await log.append(topic, numbered('o', 2))
      const cursor = log.cursor(topic, 'mailer')
      assertEqual(sequences(await cursor.read({ limit: 1 }).toArray()), [1])
      const iterator = iterate(cursor.read({ follow: true }))
      assertEqual(sequences(await takeFrom(iterator, 2)), [1, 2])
      const next = nextOf(iterator)
      await log.append(topic, payload('o3'))
      await cursor.commit(await next)
      await iterator.return?.()
      assertEqual(await cursor.lag(), 0)
    })

    test('a trim moves what is left to read', async ({ log }) => {
      await log.append(topic, numbered('o', 10))
      const cursor = log.cursor(topic, 'mailer')
      await cursor.commit((await eventsOf(log, topic))[1]!)
      await log.trim(topic, { before: 6 })
      assertEqual(await cursor.lag(), 5)
      assertEqual(sequences(await cursor.read().toArray()), range(6, 10))
    })

    test('delete forgets it and fences off who had it', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      const cursor = log.cursor(topic, 'mailer')
      const [event] = await cursor.read().toArray()
      await cursor.commit(event!)
      await log.cursor(topic, 'mailer').delete()
      assertEqual([await cursor.position(), await cursor.lag()], [undefined, 3])
      assertEqual(await log.cursors(), [])
      await assertRejects('GOETHE_FENCED', cursor.commit(event!))
      assertEqual(sequences(await cursor.read().toArray()), [1, 2, 3])
    })

    test('it is there after reopening', { needs: ['reopen'] }, async (subject) => {
      await subject.log.append(topic, numbered('o', 3))
      await subject.log.cursor(topic, 'mailer').commit((await eventsOf(subject.log, topic))[1]!)
      await subject.reopen()
      const cursor = subject.log.cursor(topic, 'mailer')
      assertEqual(sequences(await cursor.read().toArray()), [3])
      await assertSound(subject.log)
    })

    test('it rejects with GOETHE_CLOSED once the log is closed', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      const [event] = await eventsOf(log, topic)
      const cursor = log.cursor(topic, 'mailer')
      await log.close()
      for (const call of [
        () => cursor.commit(event!),
        () => cursor.seek('start'),
        () => cursor.lag(),
        () => cursor.position(),
        () => cursor.delete(),
        () => cursor.read().toArray(),
      ]) {
        await assertRejects('GOETHE_CLOSED', call)
      }
    })
  })

  group('cursor: a topic that is born again', () => {
    test('a cursor never stands where the new topic has no event', async ({ log }) => {
      const moveAfter = async (turns: number): Promise<void> => {
        for (let turn = 0; turn < turns; turn++) await Promise.resolve()
        await log.cursor(topic, `mailer ${turns}`).seek('end')
      }
      for (const round of range(1, 20)) {
        await log.append(topic, numbered(`${round}-`, 20))
        const moves = range(0, 60).map((turns) => moveAfter(turns * 4))
        const reborn = log.deleteTopic(topic).then(() => log.append(topic, payload('new')))
        await Promise.all([...moves, reborn])
        await assertSound(log)
        await log.deleteTopic(topic)
      }
    })
  })

  group('cursor: operations', () => {
    const needs = ['embedded', 'reopen'] as const

    test(
      'operations are written with the commit',
      { needs },
      async ({ log, embedded, database }) => {
        await log.append(topic, numbered('o', 3))
        const sums = database.sublevel<string, number>('sums', { valueEncoding: 'json' })
        const cursor = embedded.cursor(topic, 'summer')
        const [event] = await cursor.read().toArray()
        const operations: BatchOperation[] = [{ type: 'put', sublevel: sums, key: 'a', value: 7 }]
        await cursor.commit(event!, { operations })
        assertEqual(await sums.get('a'), 7)
        const [, second] = await eventsOf(log, topic)
        await cursor.commit(second!, { operations: [{ type: 'del', sublevel: sums, key: 'a' }] })
        assertEqual(await sums.get('a'), undefined)
      },
    )

    test('a projection counts each event exactly once', { needs }, async (subject) => {
      await subject.log.append(topic, numbered('o', 50))
      // Two that do not know of each other, one of which is always too late; then a reopening.
      for (const round of range(1, 3)) {
        const cursors = range(1, 2).map(() => subject.embedded.cursor(topic, 'counter'))
        await Promise.all(cursors.map((cursor) => count(subject, cursor, 5 * round)))
        await subject.reopen()
      }
      await count(subject, subject.embedded.cursor(topic, 'counter'), 1000)
      const counts = subject.database.sublevel<string, number>('counts', { valueEncoding: 'json' })
      assertEqual(await counts.get('events'), 50)
    })

    test('a commit that is refused writes none of them', { needs }, async (subject) => {
      const { log, embedded, database } = subject
      await log.append(topic, numbered('o', 3))
      const sums = database.sublevel<string, number>('sums', { valueEncoding: 'json' })
      const operations: BatchOperation[] = [{ type: 'put', sublevel: sums, key: 'a', value: 1 }]
      const cursor = embedded.cursor(topic, 'summer')
      const [first, second] = await cursor.read().toArray()
      await embedded.cursor(topic, 'summer').read().toArray()
      await assertRejects('GOETHE_FENCED', cursor.commit(first!, { operations }))
      const again = embedded.cursor(topic, 'summer')
      await again.commit(second!)
      for (const event of [first!, second!]) {
        await assertRejects('GOETHE_ALREADY_COMMITTED', again.commit(event, { operations }))
      }
      assertEqual(await sums.get('a'), undefined)
    })

    test(
      'one that cannot be written is GOETHE_OPERATION, and the log goes on',
      { needs },
      async (s) => {
        await s.log.append(topic, numbered('o', 3))
        const [event] = await eventsOf(s.log, topic)
        const cursor = s.embedded.cursor(topic, 'summer')
        const sums = s.database.sublevel<string, number>('sums', { valueEncoding: 'json' })
        for (const operation of [
          { type: 'put', sublevel: sums, key: 'a', value: undefined },
          { type: 'put', sublevel: sums, key: null, value: 1 },
          { type: 'del', sublevel: sums, key: undefined },
          { type: 'put', sublevel: sums, key: 'a', value: 1, valueEncoding: 'none' },
        ] as unknown as BatchOperation[]) {
          const commit = cursor.commit(event!, { operations: [operation] })
          await assertRejects('GOETHE_OPERATION', commit)
        }
        assertEqual(await cursor.position(), undefined)
        await cursor.commit(event!)
        await s.log.append(topic, payload('o4'))
      },
    )
  })
}

/** Counts events until the cursor is taken over, in the application's part of the database. */
async function count(
  subject: { database: TestDatabase },
  cursor: Cursor,
  limit: number,
): Promise<void> {
  const counts = subject.database.sublevel<string, number>('counts', { valueEncoding: 'json' })
  try {
    for await (const event of cursor.read({ limit })) {
      const value = ((await counts.get('events')) ?? 0) + 1
      const operations: BatchOperation[] = [{ type: 'put', sublevel: counts, key: 'events', value }]
      await cursor.commit(event, { operations })
    }
  } catch (error) {
    const { code } = error as { code?: string }
    if (code !== 'GOETHE_FENCED' && code !== 'GOETHE_ALREADY_COMMITTED') throw error
  }
}
