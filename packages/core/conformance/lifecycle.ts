import { rootOf } from '../src/database.js'
import { EventLog } from '../src/event-log.js'
import { assert, assertEqual, assertRejects } from './assert.js'
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
  texts,
} from './support.js'

export function lifecycleTests({ group, test }: Suite): void {
  group('open and close', () => {
    test('await using closes it', async ({ log }) => {
      await log[Symbol.asyncDispose]()
      await assertRejects('GOETHE_CLOSED', log.topics())
    })

    test('the id stays after reopening', { needs: ['embedded', 'reopen'] }, async (subject) => {
      const { id } = subject.embedded
      assert(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id), id)
      await subject.reopen()
      assertEqual(subject.embedded.id, id)
      assert((await subject.another()).embedded.id !== id, 'another log has the same id')
    })

    test('a second log on the same store is GOETHE_LOCKED', { needs: ['embedded'] }, async (s) => {
      await assertRejects('GOETHE_LOCKED', EventLog.open(s.database))
      assertEqual((await s.log.append('a', payload('1'))).firstSequence, 1)
      assertEqual(texts(await eventsOf(s.log, 'a')), ['1'])
    })

    test(
      'of two that open at a time one is refused',
      { needs: ['embedded', 'reopen'] },
      async (s) => {
        await s.log.close()
        const outcomes = await Promise.allSettled([
          EventLog.open(s.database),
          EventLog.open(s.database),
        ])
        const opened = outcomes.flatMap((outcome) => {
          return outcome.status === 'fulfilled' ? [outcome.value] : []
        })
        assertEqual(opened.length, 1)
        for (const log of opened) await log.close()
      },
    )

    test(
      "the application's sublevels stay beside the log",
      { needs: ['embedded', 'reopen'] },
      async (s) => {
        const own = s.database.sublevel<string, string>('own', { valueEncoding: 'utf8' })
        await own.put('key', 'value')
        await s.log.append('a', payload('1'))
        await own.put('key2', 'value')
        assertEqual(await own.get('key'), 'value')
        assertEqual(await own.keys().all(), ['key', 'key2'])
        await assertSound(s.log)
      },
    )

    test(
      'clear state: a closed log leaves the store to the next',
      { needs: ['embedded', 'reopen'] },
      async (s) => {
        for (const number of range(1, 5)) {
          await s.log.append('a', payload(`${number}`))
          await s.reopen()
        }
        assertEqual(sequences(await eventsOf(s.log, 'a')), range(1, 5))
      },
    )
  })

  group('events and status', () => {
    const needs = ['embedded'] as const

    test(
      "'append' tells each receipt, 'commit' each group",
      { needs },
      async ({ log, embedded }) => {
        const appended: string[] = []
        const committed: number[] = []
        embedded.on('append', ({ topic, count }) => appended.push(`${topic} ${count}`))
        embedded.on('commit', ({ events }) => committed.push(events))
        await Promise.all([
          log.append('a', numbered('a', 2)),
          log.append('b', payload('b')),
          log.appendAll([
            { topic: 'c', payloads: payload('c') },
            { topic: 'a', payloads: payload('a') },
          ]),
        ])
        assertEqual(appended, ['a 2', 'b 1', 'c 1', 'a 1'])
        assertEqual(
          committed.reduce((sum, events) => sum + events, 0),
          5,
        )
      },
    )

    test('appends in flight share a commit', { needs }, async ({ log, embedded }) => {
      await log.append('a', payload('first'))
      const { commits } = embedded.status()
      await Promise.all(range(1, 500).map(() => log.append('a', payload('x'))))
      assert(embedded.status().commits - commits <= 3, 'each append had a commit of its own')
    })

    test("events can be read once 'append' is emitted", { needs }, async ({ log, embedded }) => {
      const seen = new Promise<number>((resolve) => {
        embedded.once('append', () => void eventsOf(log, 'a').then(({ length }) => resolve(length)))
      })
      await log.append('a', payload('1'))
      assertEqual(await seen, 1)
    })

    test("'clock' tells that it is behind", { needs }, async ({ log, embedded, clock }) => {
      const told: number[] = []
      embedded.on('clock', ({ behindMs }) => told.push(behindMs))
      await log.append('a', payload('1'))
      clock.set(clock.now() - 5_000_000_000n)
      await log.append('a', payload('2'))
      assertEqual(told, [5000])
      assertEqual(embedded.status().clockBehindMs, 5000)
      clock.advance(6000)
      await log.append('a', payload('3'))
      assertEqual(embedded.status().clockBehindMs, 0)
    })

    test("'close' is emitted once", { needs }, async ({ log, embedded }) => {
      let closed = 0
      embedded.on('close', () => closed++)
      await Promise.all([log.close(), log.close()])
      assertEqual(closed, 1)
      assertEqual(embedded.status().writable, false)
    })

    test('status counts what was appended', { needs }, async ({ log, embedded }) => {
      const { lastId } = await log.append('a', [payload('123'), payload('45')])
      const status = embedded.status()
      assertEqual(
        [status.lastId, status.appendedEvents, status.appendedBytes, status.writable],
        [lastId, 2, 5, true],
      )
    })
  })

  group('a store that fails', () => {
    const needs = ['embedded', 'reopen'] as const

    test('a failed write rejects, shows nothing and ends writing', { needs }, async (subject) => {
      const { log, embedded, database } = subject
      await log.append('a', payload('1'))
      const errors: string[] = []
      embedded.on('error', ({ code }) => errors.push(code))
      const restore = failWrites(database)
      const calls = [
        log.append('a', payload('2')),
        log.append('b', payload('3')),
        log.cursor('a', 'm').seek(1),
      ]
      for (const call of calls) await assertRejects('GOETHE_WRITE_FAILED', call)
      restore()
      await assertRejects('GOETHE_WRITE_FAILED', log.append('a', payload('4')))
      assertEqual(errors, ['GOETHE_WRITE_FAILED'])
      assertEqual(texts(await log.read('*').toArray()), ['1'])
      assertEqual(embedded.status().writable, false)
      await subject.reopen()
      assertEqual((await subject.log.append('a', payload('2'))).firstSequence, 2)
      await assertSound(subject.log)
    })

    test('a follower is not told what was not written', { needs }, async (subject) => {
      const { log, database } = subject
      const iterator = iterate(log.read('a', { follow: true }))
      const first = nextOf(iterator)
      await log.append('a', payload('1'))
      await first
      const next = assertRejects('GOETHE_CLOSED', iterator.next())
      const restore = failWrites(database)
      await assertRejects('GOETHE_WRITE_FAILED', log.append('a', payload('2')))
      restore()
      await log.close()
      await next
    })
  })
}

/** Makes every batch of the database's root fail until it is taken back. */
function failWrites(database: TestDatabase): () => void {
  const root: { batch: unknown } = rootOf(database).root
  const own = Object.getOwnPropertyDescriptor(root, 'batch')
  const batch = root.batch as (...args: unknown[]) => { write(): Promise<void> }
  root.batch = (...args: unknown[]) => {
    const chained = batch.apply(root, args)
    chained.write = () => Promise.reject(new Error('the disk is full'))
    return chained
  }
  return () => {
    if (own === undefined) delete (root as { batch?: unknown }).batch
    else Object.defineProperty(root, 'batch', own)
  }
}
