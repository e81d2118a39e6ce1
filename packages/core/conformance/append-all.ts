import { assert, assertEqual, assertRejects } from './assert.js'
import type { Suite } from './suite.js'
import {
  abortController,
  appendTexts,
  assertSound,
  eventsOf,
  payload,
  range,
  sequences,
  texts,
} from './support.js'

export function appendAllTests({ group, test }: Suite): void {
  group('appendAll', () => {
    test('receipts come in the order of the entries', async ({ log }) => {
      await appendTexts(log, 'b', '1')
      const receipts = await log.appendAll([
        { topic: 'b', payloads: payload('2') },
        { topic: 'a', payloads: [payload('1'), payload('2')] },
      ])
      assertEqual(
        receipts.map(({ topic, firstSequence, count }) => ({ topic, firstSequence, count })),
        [
          { topic: 'b', firstSequence: 2, count: 1 },
          { topic: 'a', firstSequence: 1, count: 2 },
        ],
      )
    })

    test('all of its events are there, in the order of the entries', async ({ log }) => {
      await log.appendAll([
        { topic: 'b', payloads: payload('1') },
        { topic: 'a', payloads: payload('2') },
        { topic: 'c', payloads: payload('3') },
      ])
      assertEqual(texts(await log.read('*').toArray()), ['1', '2', '3'])
    })

    test('one expectation that is not met keeps all of it out', async ({ log }) => {
      await appendTexts(log, 'b', '1')
      const append = log.appendAll([
        { topic: 'a', payloads: payload('1'), expect: 'empty' },
        { topic: 'b', payloads: payload('2'), expect: 'empty' },
      ])
      const { details } = await assertRejects('GOETHE_CONFLICT', append)
      assertEqual([details.topic, details.lastSequence], ['b', 1])
      assertEqual(await log.topics(), ['b'])
      assertEqual(texts(await eventsOf(log, 'b')), ['1'])
    })

    test('one event that is too large keeps all of it out', async ({ log }) => {
      const append = log.appendAll([
        { topic: 'a', payloads: payload('1') },
        { topic: 'b', payloads: new Uint8Array(16 * 1024 * 1024 + 1) },
      ])
      await assertRejects('GOETHE_EVENT_TOO_LARGE', append)
      assertEqual(await log.topics(), [])
    })

    test('a topic may be named more than once', async ({ log }) => {
      const receipts = await log.appendAll([
        { topic: 'a', payloads: payload('1') },
        { topic: 'b', payloads: payload('1') },
        { topic: 'a', payloads: payload('2') },
      ])
      assertEqual(
        receipts.map(({ firstSequence }) => firstSequence),
        [1, 1, 2],
      )
      assertEqual(texts(await eventsOf(log, 'a')), ['1', '2'])
      await assertSound(log)
    })

    test('300 topics in one append', async ({ log }) => {
      const topics = range(1, 300).map((number) => `t${number}`)
      await log.appendAll(topics.map((topic) => ({ topic, payloads: payload(topic) })))
      assertEqual(texts(await log.read('*').toArray()), topics)
      await assertSound(log)
    })

    test('appends of all in flight stay together', async ({ log }) => {
      const calls = range(1, 50).map((number) =>
        log.appendAll(
          ['a', 'b'].map((topic) => ({
            topic,
            payloads: payload(`${number}`),
            expect: number - 1,
          })),
        ),
      )
      const outcomes = await Promise.allSettled(calls)
      assert(
        outcomes.every(({ status }) => status === 'fulfilled'),
        'an append expects the one before and is refused',
      )
      assertEqual(sequences(await eventsOf(log, 'b')), range(1, 50))
      assertEqual(texts(await eventsOf(log, 'a')), texts(await eventsOf(log, 'b')))
    })

    test('a signal that has fired rejects with GOETHE_ABORTED', async ({ log }) => {
      const controller = abortController()
      controller.abort()
      const entries = [{ topic: 'a', payloads: payload('1') }]
      const append = log.appendAll(entries, { signal: controller.signal })
      await assertRejects('GOETHE_ABORTED', append)
      assertEqual(await log.topics(), [])
    })
  })
}
