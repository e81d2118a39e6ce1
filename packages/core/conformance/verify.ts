import type { VerifyStep } from '../src/upkeep-api.js'
import { assert, assertEqual, assertRejects } from './assert.js'
import type { Suite, TestDatabase } from './suite.js'
import {
  abortController,
  eventsOf,
  numbered,
  payload,
  problemsOf,
  range,
  sequences,
} from './support.js'

const topic = 'orders'

export function verifyTests({ group, test }: Suite): void {
  group('verify', () => {
    test('finds nothing in an empty log', async ({ log }) => {
      assertEqual(await problemsOf(log), [])
    })

    test('finds nothing in a log that was used for everything', async ({ log }) => {
      for (const count of range(1, 5)) await log.append(topic, numbered('o', count))
      await log.append('other', payload('x'), { producer: { id: 'p', sequence: 1 } })
      await log.append('past', payload('x'), { time: 5n })
      await log.cursor(topic, 'mailer').seek(4)
      for await (const delivery of log.consumer(topic, 'biller')) {
        if (delivery.event.sequence % 2 === 0) await delivery.ack()
        if (delivery.event.sequence === 9) break
      }
      await log.trim(topic, { before: 5 })
      await log.setRetention(topic, { count: 100 })
      await log.append('gone', payload('x'))
      await log.deleteTopic('gone')
      assertEqual(await problemsOf(log), [])
    })

    test('tells its progress', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      await log.append(topic, numbered('o', 3))
      const steps: VerifyStep[] = []
      for await (const step of log.verify()) steps.push(step)
      const checked = steps.flatMap((step) => (step.type === 'progress' ? [step.checked] : []))
      assert(checked.length > 0 && checked.at(-1)! >= 4, 'there is no progress')
      assertEqual(
        checked,
        checked.slice().sort((a, b) => a - b),
      )
    })

    test('the signal ends it with GOETHE_ABORTED', async ({ log }) => {
      await log.append(topic, numbered('o', 3))
      const controller = abortController()
      controller.abort()
      const steps = log.verify({ signal: controller.signal })
      await assertRejects('GOETHE_ABORTED', async () => {
        while ((await steps.next()).done !== true);
      })
    })
  })

  group('corruption', () => {
    const needs = ['embedded', 'reopen'] as const

    test('a flipped bit in any byte of a block is found', { needs }, async (subject) => {
      const { log, database } = subject
      await log.append(topic, numbered('o', 3))
      const [[key, value]] = (await entriesOf(database, 'events')) as [[Uint8Array, Uint8Array]]
      for (let at = 0; at < value.length; at++) {
        const flipped = value.slice()
        flipped[at]! ^= 1 << (at % 8)
        await put(database, 'events', key, flipped)
        const problems = await problemsOf(log)
        assert(
          problems.some((problem) => problem.keyspace === 'events' && problem.topic === topic),
          `byte ${at} of ${value.length} can be flipped unnoticed`,
        )
        await assertRejects('GOETHE_CORRUPT', eventsOf(log, topic))
      }
    })

    test('a corrupt block is named, and verify goes on behind it', { needs }, async (subject) => {
      const { log, database } = subject
      for (const name of ['a', 'b']) {
        for (const count of [2, 2, 2]) await log.append(name, numbered('o', count))
      }
      const entries = await entriesOf(database, 'events')
      for (const index of [1, 4]) {
        const [key, value] = entries[index]!
        value[value.length - 1]! ^= 1
        await put(database, 'events', key, value)
      }
      const problems = await problemsOf(log)
      assertEqual(
        problems.filter(({ keyspace }) => keyspace === 'events').map((problem) => problem.topic),
        ['a', 'b'],
      )
      const error = await assertRejects('GOETHE_CORRUPT', eventsOf(log, 'a'))
      assert(error.message.includes("'a'"), `the message names no topic: ${error.message}`)
      await assertRejects('GOETHE_CORRUPT', log.read('*').toArray())
      assertEqual(sequences(await log.read('a', { from: 5 }).toArray()), [5, 6])
    })

    test('a block that is gone is noticed by readers and verify', { needs }, async (subject) => {
      const { log, database } = subject
      for (const count of [2, 2, 2]) await log.append(topic, numbered('o', count))
      await remove(database, 'events', (await entriesOf(database, 'events'))[1]![0])
      assert((await problemsOf(log)).length > 0, 'verify finds nothing')
      await assertRejects('GOETHE_CORRUPT', eventsOf(log, topic))
      await assertRejects('GOETHE_CORRUPT', log.read('*').toArray())
      await assertRejects('GOETHE_CORRUPT', log.read(topic, { reverse: true }).toArray())
    })

    for (const keyspace of ['commits', 'index', 'cursors', 'topics', 'producers'] as const) {
      test(`a flipped bit in ${keyspace} is found`, { needs }, async (subject) => {
        const { log, database } = subject
        await log.append(topic, numbered('o', 3), { producer: { id: 'p', sequence: 1 } })
        await log.cursor(topic, 'mailer').seek(2)
        const [[key, value]] = (await entriesOf(database, keyspace)) as [[Uint8Array, Uint8Array]]
        for (const at of [0, value.length >> 1, value.length - 1]) {
          const flipped = value.slice()
          flipped[at]! ^= 1 << (at % 8)
          await subject.reopen({}, () => put(subject.database, keyspace, key, flipped))
          const found = (await problemsOf(subject.log)).map((problem) => problem.keyspace)
          assert(found.includes(keyspace), `byte ${at} of ${value.length} can be flipped unnoticed`)
        }
      })
    }

    test('an entry that is missing in commits or index is found', { needs }, async (subject) => {
      for (const keyspace of ['commits', 'index', 'topics']) {
        const other = await subject.another()
        for (const count of [2, 2]) await other.log.append(topic, numbered('o', count))
        await other.reopen({}, async () => {
          const [key] = (await entriesOf(other.database, keyspace))[0]!
          await remove(other.database, keyspace, key)
        })
        assert((await problemsOf(other.log)).length > 0, `${keyspace} can go unnoticed`)
      }
    })

    test('a store without its meta entries does not open', { needs }, async (subject) => {
      await subject.log.append(topic, payload('o'))
      const opening = subject.reopen({}, async () => {
        const { database } = subject
        for (const [key] of await entriesOf(database, 'meta')) await remove(database, 'meta', key)
      })
      await assertRejects('GOETHE_CORRUPT', opening)
    })

    test('corrupt events can be trimmed away', { needs }, async ({ log, database }) => {
      for (const count of [2, 2, 2]) await log.append(topic, numbered('o', count))
      const [key, value] = (await entriesOf(database, 'events'))[1]!
      value[value.length - 1]! ^= 1
      await put(database, 'events', key, value)
      await log.trim(topic, { before: 5 })
      assertEqual(sequences(await eventsOf(log, topic)), [5, 6])
      assertEqual(await problemsOf(log), [])
    })
  })
}

function bytesOf(database: TestDatabase, keyspace: string) {
  const encodings = { keyEncoding: 'view', valueEncoding: 'view' } as const
  return database.sublevel<Uint8Array, Uint8Array>(keyspace, encodings)
}

async function entriesOf(
  database: TestDatabase,
  keyspace: string,
): Promise<[Uint8Array, Uint8Array][]> {
  const entries = await bytesOf(database, keyspace).iterator().all()
  return entries.map(([key, value]) => [key.slice(), value.slice()])
}

function put(
  database: TestDatabase,
  keyspace: string,
  key: Uint8Array,
  value: Uint8Array,
): Promise<void> {
  return bytesOf(database, keyspace).put(key, value)
}

function remove(database: TestDatabase, keyspace: string, key: Uint8Array): Promise<void> {
  return bytesOf(database, keyspace).del(key)
}
