import { assertEqual, assertRejects } from './assert.js'
import type { Suite } from './suite.js'
import { appendTexts, eventsOf, payload, range, texts } from './support.js'

const one = payload('one')

export function expectationTests({ group, test }: Suite): void {
  group('append: expectations', () => {
    test("'empty' is met by a topic that nothing was appended to", async ({ log }) => {
      assertEqual((await log.append('orders', one, { expect: 'empty' })).firstSequence, 1)
    })

    test("'empty' is not met by a topic that has an event", async ({ log }) => {
      await log.append('orders', one)
      await assertRejects('GOETHE_CONFLICT', log.append('orders', one, { expect: 'empty' }))
    })

    test('sequence 0 is met by an empty topic alone', async ({ log }) => {
      await log.append('orders', one, { expect: 0 })
      await assertRejects('GOETHE_CONFLICT', log.append('orders', one, { expect: 0 }))
    })

    test('the sequence of the last event is met, no other one', async ({ log }) => {
      await appendTexts(log, 'orders', '1', '2')
      for (const expect of [1, 3]) {
        await assertRejects('GOETHE_CONFLICT', log.append('orders', one, { expect }))
      }
      assertEqual((await log.append('orders', one, { expect: 2 })).firstSequence, 3)
    })

    test('the id of the last event is met, no other one', async ({ log }) => {
      const [first, second] = await appendTexts(log, 'orders', '1', '2')
      for (const expect of [0n, first!.lastId, second!.lastId + 1n, second!.lastId + 2n ** 64n]) {
        await assertRejects('GOETHE_CONFLICT', log.append('orders', one, { expect }))
      }
      const { firstSequence } = await log.append('orders', one, { expect: second!.lastId })
      assertEqual(firstSequence, 3)
    })

    test("another topic's last id is not met", async ({ log }) => {
      await log.append('orders', one)
      const { lastId } = await log.append('payments', one)
      await assertRejects('GOETHE_CONFLICT', log.append('orders', one, { expect: lastId }))
    })

    test('an id is never met by an empty topic', async ({ log }) => {
      await assertRejects('GOETHE_CONFLICT', log.append('orders', one, { expect: 0n }))
    })

    test('a conflict tells where the topic stands', async ({ log }) => {
      const [, second] = await appendTexts(log, 'orders', '1', '2')
      const append = log.append('orders', one, { expect: 1 })
      const { details } = await assertRejects('GOETHE_CONFLICT', append)
      assertEqual(details, { topic: 'orders', lastId: second!.lastId, lastSequence: 2 })
    })

    test('a conflict with an empty topic tells sequence 0', async ({ log }) => {
      const append = log.append('orders', one, { expect: 5 })
      const { details } = await assertRejects('GOETHE_CONFLICT', append)
      assertEqual(details, { topic: 'orders', lastSequence: 0 })
    })

    test('a conflict appends nothing and the log goes on', async ({ log }) => {
      await assertRejects('GOETHE_CONFLICT', log.append('orders', one, { expect: 7 }))
      assertEqual(await log.topics(), [])
      assertEqual((await log.append('orders', one)).firstSequence, 1)
    })

    test('of appends in flight with the same expectation one is accepted', async ({ log }) => {
      const calls = range(1, 20).map((number) => {
        return log.append('orders', payload(`${number}`), { expect: 'empty' })
      })
      const outcomes = await Promise.allSettled(calls)
      assertEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', ...range(2, 20).map(() => 'rejected')],
      )
      assertEqual(texts(await eventsOf(log, 'orders')), ['1'])
    })

    test('appends in flight may each expect the one before', async ({ log }) => {
      const calls = range(0, 9).map((expect) => log.append('orders', one, { expect }))
      assertEqual(
        (await Promise.all(calls)).map(({ firstSequence }) => firstSequence),
        range(1, 10),
      )
    })

    test('trimmed events still count', async ({ log }) => {
      const [, , third] = await appendTexts(log, 'orders', '1', '2', '3')
      await log.trim('orders', { before: 4 })
      await assertRejects('GOETHE_CONFLICT', log.append('orders', one, { expect: 'empty' }))
      await log.append('orders', one, { expect: third!.lastId })
      await log.append('orders', one, { expect: 4 })
    })

    test('a topic that was deleted is empty', async ({ log }) => {
      await appendTexts(log, 'orders', '1', '2')
      await log.deleteTopic('orders')
      assertEqual((await log.append('orders', one, { expect: 'empty' })).firstSequence, 1)
    })

    test('expectations hold after reopening', { needs: ['reopen'] }, async (subject) => {
      const [, last] = await appendTexts(subject.log, 'orders', '1', '2')
      await subject.reopen()
      const { log } = subject
      await assertRejects('GOETHE_CONFLICT', log.append('orders', one, { expect: 1 }))
      assertEqual((await log.append('orders', one, { expect: last!.lastId })).firstSequence, 3)
    })
  })
}
