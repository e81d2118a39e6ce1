import { assert, assertEqual, assertRejects } from './assert.js'
import type { Suite } from './suite.js'
import {
  assertSound,
  eventsOf,
  iterate,
  nextOf,
  noise,
  numbered,
  payload,
  range,
  sequences,
  texts,
} from './support.js'

const topic = 'orders'

export function trimTests({ group, test }: Suite): void {
  group('trim', () => {
    test('removes the events before a sequence, exactly', async ({ log }) => {
      for (const count of [3, 1, 4, 2]) await log.append(topic, numbered('o', count))
      for (const before of [1, 2, 4, 5, 7, 10, 11]) {
        const result = await log.trim(topic, { before })
        assertEqual(result.throughSequence, before - 1)
        assertEqual(sequences(await eventsOf(log, topic)), range(before, 10))
        await assertSound(log)
      }
    })

    test('removes the events before an id and before a time', async ({ log }) => {
      for (const time of [1_000_000n, 2_000_000n, 3_000_000n, 4_000_000n]) {
        await log.append(topic, [payload('1'), payload('2')], { time })
      }
      assertEqual((await log.trim(topic, { before: 2_000_001n })).count, 3)
      assertEqual(sequences(await eventsOf(log, topic)), range(4, 8))
      assertEqual((await log.trim(topic, { before: new Date(4) })).count, 3)
      assertEqual(sequences(await eventsOf(log, topic)), [7, 8])
      assertEqual(await log.trim(topic, { before: 0n }), { count: 0, throughSequence: 6 })
    })

    test('a topic all of which is trimmed goes on with its sequences', async ({ log }) => {
      await log.append(topic, numbered('o', 5))
      const last = (await eventsOf(log, topic)).at(-1)!
      assertEqual((await log.trim(topic, { before: new Date('2200-01-01') })).count, 5)
      const description = await log.describe(topic)
      assertEqual([description.count, description.bytes, description.first], [0, 0, undefined])
      assertEqual([description.last.id, description.last.sequence], [last.id, 5])
      assertEqual((await log.append(topic, payload('o6'))).firstSequence, 6)
      assertEqual(sequences(await eventsOf(log, topic)), [6])
      await assertSound(log)
    })

    test('it holds after reopening', { needs: ['reopen'] }, async (subject) => {
      await subject.log.append(topic, numbered('o', 5))
      await subject.log.append(topic, numbered('p', 5))
      await subject.log.trim(topic, { before: 8 })
      await subject.reopen()
      assertEqual(sequences(await eventsOf(subject.log, topic)), [8, 9, 10])
      await subject.log.trim(topic, { before: 100 })
      await subject.reopen()
      assertEqual((await subject.log.append(topic, payload('x'))).firstSequence, 11)
      await assertSound(subject.log)
    })

    test('a topic that does not exist is GOETHE_TOPIC_NOT_FOUND', async ({ log }) => {
      await assertRejects('GOETHE_TOPIC_NOT_FOUND', log.trim(topic, { before: 5 }))
    })

    test('other topics stay as they are', async ({ log }) => {
      await log.appendAll(
        ['a', 'a!', 'b'].map((name) => ({ topic: name, payloads: numbered(name, 3) })),
      )
      await log.trim('a', { before: 100 })
      assertEqual(texts(await log.read('*').toArray()), ['a!1', 'a!2', 'a!3', 'b1', 'b2', 'b3'])
      await assertSound(log)
    })

    test('1,200 blocks are removed', async ({ log }) => {
      const calls = range(1, 1200).map((number) => {
        return log.append(topic, payload(`${number}`), { time: BigInt(number) * 10n })
      })
      await Promise.all(calls)
      assertEqual((await log.trim(topic, { before: 1100 })).count, 1099)
      assertEqual(sequences(await eventsOf(log, topic)), range(1100, 1200))
      await assertSound(log)
    })

    test('trims in flight of topics that share commits leave all sound', async ({ log }) => {
      const topics = ['a', 'b', 'c', 'd']
      for (const round of range(1, 10)) {
        await log.appendAll(topics.map((name) => ({ topic: name, payloads: payload(`${round}`) })))
      }
      const trims = topics.flatMap((name, index) => [
        log.trim(name, { before: 4 + index }),
        log.trim(name, { before: 2 }),
        log.setRetention(name, { count: 100 }),
        log.append(name, payload('more')),
      ])
      await Promise.all(trims)
      for (const [index, name] of topics.entries()) {
        assertEqual(sequences(await eventsOf(log, name)), range(4 + index, 11), name)
        assertEqual((await log.describe(name)).retention, { count: 100 })
      }
      await assertSound(log)
    })

    test("the log emits 'trim'", { needs: ['embedded'] }, async ({ log, embedded }) => {
      const emitted: unknown[] = []
      embedded.on('trim', (trimmed) => emitted.push(trimmed))
      await log.append(topic, numbered('o', 5))
      await log.trim(topic, { before: 4 })
      await log.trim(topic, { before: 2 })
      assertEqual(emitted, [{ topic, count: 3, throughSequence: 3 }])
    })
  })

  group('trim: hold', () => {
    test('a holding cursor keeps what it has not passed', async ({ log }) => {
      await log.append(topic, numbered('o', 10))
      const cursor = log.cursor(topic, 'mailer', { hold: true })
      const events = await cursor.read().toArray()
      assertEqual(await log.trim(topic, { before: 8 }), {
        count: 0,
        throughSequence: 0,
        heldBy: 'mailer',
      })
      await cursor.commit(events[3]!)
      assertEqual(await log.trim(topic, { before: 8 }), {
        count: 4,
        throughSequence: 4,
        heldBy: 'mailer',
      })
      assertEqual(sequences(await eventsOf(log, topic)), range(5, 10))
      await cursor.commit(events[9]!)
      assertEqual((await log.trim(topic, { before: 8 })).heldBy, undefined)
      await assertSound(log)
    })

    test('a cursor that only commits holds too', async ({ log }) => {
      await log.append(topic, numbered('o', 10))
      const [, second] = await eventsOf(log, topic)
      await log.cursor(topic, 'mailer', { hold: true }).commit(second!)
      const { count, heldBy } = await log.trim(topic, { before: 8 })
      assertEqual([count, heldBy], [2, 'mailer'])
    })

    test('hold stays until it is taken back', async ({ log }) => {
      await log.append(topic, numbered('o', 10))
      await log.cursor(topic, 'mailer', { hold: true }).seek(3)
      await log.cursor(topic, 'mailer').read().toArray()
      assertEqual((await log.trim(topic, { before: 8 })).heldBy, 'mailer')
      await log.cursor(topic, 'mailer', { hold: false }).read().toArray()
      assertEqual((await log.trim(topic, { before: 8 })).count, 5)
    })

    test('deleting a holding cursor lets go', async ({ log }) => {
      await log.append(topic, numbered('o', 10))
      const cursor = log.cursor(topic, 'mailer', { hold: true })
      await cursor.read().toArray()
      await cursor.delete()
      assertEqual((await log.trim(topic, { before: 8 })).count, 7)
    })
  })

  group('retention', () => {
    const needs = ['embedded'] as const

    test('setRetention is described, and null takes it back', async ({ log }) => {
      await log.append(topic, payload('o'))
      await log.setRetention(topic, { ageMs: 1000, bytes: 10, count: 5 })
      assertEqual((await log.describe(topic)).retention, { ageMs: 1000, bytes: 10, count: 5 })
      await log.setRetention(topic, null)
      assertEqual((await log.describe(topic)).retention, null)
    })

    test('a topic that does not exist is GOETHE_TOPIC_NOT_FOUND', async ({ log }) => {
      await assertRejects('GOETHE_TOPIC_NOT_FOUND', log.setRetention(topic, { count: 1 }))
    })

    test('count keeps the newest events', { needs }, async ({ log, embedded }) => {
      await log.append(topic, numbered('o', 10))
      await log.append('other', numbered('x', 10))
      await log.setRetention(topic, { count: 3 })
      await embedded.enforceRetention()
      assertEqual(sequences(await eventsOf(log, topic)), [8, 9, 10])
      assertEqual((await eventsOf(log, 'other')).length, 10)
      await assertSound(log)
    })

    test('ageMs keeps what is younger', { needs }, async ({ log, embedded, clock }) => {
      for (const number of range(1, 5)) {
        await log.append(topic, payload(`${number}`))
        clock.advance(1000)
      }
      await log.setRetention(topic, { ageMs: 2500 })
      await embedded.enforceRetention()
      assertEqual(sequences(await eventsOf(log, topic)), [4, 5])
      clock.advance(10_000)
      await embedded.enforceRetention()
      assertEqual(await eventsOf(log, topic), [])
      assertEqual((await log.append(topic, payload('6'))).firstSequence, 6)
    })

    test('bytes keeps about so many of the newest', { needs }, async ({ log, embedded }) => {
      for (const number of range(1, 10)) await log.append(topic, noise(100, number))
      await log.setRetention(topic, { bytes: 350 })
      await embedded.enforceRetention()
      const { bytes } = await log.describe(topic)
      assert(bytes >= 350 && bytes <= 450, `${bytes} bytes are left`)
      await assertSound(log)
    })

    test('a holding cursor comes first', { needs }, async ({ log, embedded }) => {
      await log.append(topic, numbered('o', 10))
      await log.cursor(topic, 'mailer', { hold: true }).seek(5)
      await log.setRetention(topic, { count: 1 })
      await embedded.enforceRetention()
      assertEqual(sequences(await eventsOf(log, topic)), range(5, 10))
    })

    test(
      'it is enforced from time to time, after reopening too',
      { needs: ['embedded', 'reopen'], options: { retentionIntervalMs: 1000 } },
      async (subject) => {
        await subject.log.append(topic, numbered('o', 10))
        await subject.log.setRetention(topic, { count: 4 })
        const trimmed = (): Promise<number> => {
          return new Promise((resolve) => {
            subject.embedded.once('trim', ({ throughSequence }) => {
              resolve(throughSequence)
            })
          })
        }
        let next = trimmed()
        subject.clock.advance(1000)
        assertEqual(await next, 6)
        await subject.reopen({ retentionIntervalMs: 1000 })
        await subject.log.append(topic, numbered('p', 10))
        next = trimmed()
        subject.clock.advance(1000)
        assertEqual(await next, 16)
      },
    )

    test('a restored topic is kept within its bounds', { needs }, async (subject) => {
      await subject.log.append(topic, numbered('o', 10))
      await subject.log.setRetention(topic, { count: 20 })
      const chunks: Uint8Array[] = []
      await subject.log.exportTo((chunk) => chunks.push(chunk))
      const other = await subject.another()
      await other.embedded.enforceRetention()
      await other.log.importFrom(iterable(chunks))
      await other.log.append(topic, numbered('p', 20))
      await other.embedded.enforceRetention()
      assertEqual((await eventsOf(other.log, topic)).length, 20)
    })
  })

  group('deleteTopic', () => {
    test('removes events, cursors and settings', async ({ log }) => {
      await log.append(topic, numbered('o', 5))
      await log.append('other', numbered('x', 1))
      await log.cursor(topic, 'mailer').seek(3)
      await log.setRetention(topic, { count: 1 })
      await log.deleteTopic(topic)
      assertEqual(await log.topics(), ['other'])
      assertEqual(await eventsOf(log, topic), [])
      assertEqual(await log.cursors(), [])
      await assertRejects('GOETHE_TOPIC_NOT_FOUND', log.describe(topic))
      assertEqual(texts(await log.read('*').toArray()), ['x1'])
      await assertSound(log)
    })

    test('a topic that does not exist is GOETHE_TOPIC_NOT_FOUND', async ({ log }) => {
      await assertRejects('GOETHE_TOPIC_NOT_FOUND', log.deleteTopic(topic))
      await log.append(topic, payload(''))
      await log.deleteTopic(topic)
      await assertRejects('GOETHE_TOPIC_NOT_FOUND', log.deleteTopic(topic))
    })

    test('appending again begins a new topic, with later ids', async ({ log }) => {
      const { lastId } = await log.append(topic, numbered('o', 5))
      await log.setRetention(topic, { count: 1 })
      await log.deleteTopic(topic)
      const receipt = await log.append(topic, payload('new'))
      assertEqual(receipt.firstSequence, 1)
      assert(receipt.firstId > lastId, 'an id was given again')
      const { count, retention } = await log.describe(topic)
      assertEqual([count, retention], [1, null])
      await assertSound(log)
    })

    test(
      'ids go on after reopening although all is deleted',
      { needs: ['reopen'] },
      async (subject) => {
        const { lastId } = await subject.log.append(topic, numbered('o', 5))
        await subject.log.deleteTopic(topic)
        await subject.reopen()
        const { firstId } = await subject.log.append(topic, payload('new'))
        assert(firstId > lastId, 'an id was given again')
        await assertSound(subject.log)
      },
    )

    test('an append in flight is either deleted or in the new topic', async ({ log }) => {
      await log.append(topic, numbered('o', 20))
      for (const round of range(1, 30)) {
        const appends = (async () => {
          for (const number of range(1, round % 7)) await log.append(topic, payload(`${number}`))
        })()
        await Promise.all([log.deleteTopic(topic), appends])
        await log.append(topic, payload('last'))
        const events = await eventsOf(log, topic)
        assertEqual(sequences(events), range(1, events.length))
        assertEqual(events.at(-1)!.text(), 'last')
      }
      await assertSound(log)
    })

    test('the new topic is read from its start by a cursor of the old one', async ({ log }) => {
      await log.append(topic, numbered('o', 5))
      const cursor = log.cursor(topic, 'mailer')
      const iterator = iterate(cursor.read())
      await cursor.commit(await nextOf(iterator))
      await iterator.return?.()
      await log.deleteTopic(topic)
      await log.append(topic, numbered('n', 2))
      assertEqual(texts(await log.cursor(topic, 'mailer').read().toArray()), ['n1', 'n2'])
    })

    test("the log emits 'delete'", { needs: ['embedded'] }, async ({ log, embedded }) => {
      const deleted: string[] = []
      embedded.on('delete', (name) => deleted.push(name))
      await log.append(topic, payload(''))
      await log.deleteTopic(topic)
      assertEqual(deleted, [topic])
    })
  })
}

async function* iterable(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}
