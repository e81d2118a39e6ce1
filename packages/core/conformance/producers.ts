import { assertEqual, assertRejects } from './assert.js'
import type { Suite } from './suite.js'
import { eventsOf, numbered, payload, range, texts } from './support.js'

const remembered = 64

export function producerTests({ group, test }: Suite): void {
  group('append: producers', () => {
    test('a repeated append gets the first receipt and appends nothing', async ({ log }) => {
      const producer = { id: 'p', sequence: 1 }
      const first = await log.append('orders', numbered('o', 3), { producer })
      await log.append('orders', payload('other'))
      const again = await log.append('orders', numbered('o', 3), { producer })
      assertEqual(again, { ...first, repeated: true })
      assertEqual(texts(await eventsOf(log, 'orders')), ['o1', 'o2', 'o3', 'other'])
    })

    test('a repeated append that is in flight with the first gets its receipt', async ({ log }) => {
      const append = (sequence: number): ReturnType<typeof log.append> => {
        return log.append('orders', payload(`${sequence}`), { producer: { id: 'p', sequence } })
      }
      const [first, again, second, oneMore] = await Promise.all([
        append(1),
        append(1),
        append(2),
        append(1),
      ])
      assertEqual(again, { ...first, repeated: true })
      assertEqual(oneMore, { ...first, repeated: true })
      assertEqual(second.firstSequence, 2)
      assertEqual(texts(await eventsOf(log, 'orders')), ['1', '2'])
    })

    test('the first sequence of a producer may be any', async ({ log }) => {
      await log.append('orders', payload('a'), { producer: { id: 'p', sequence: 0 } })
      await log.append('orders', payload('b'), { producer: { id: 'q', sequence: 1000 } })
      await log.append('orders', payload('c'), { producer: { id: 'q', sequence: 1001 } })
      assertEqual(texts(await eventsOf(log, 'orders')), ['a', 'b', 'c'])
    })

    test('a sequence that leaves one out is refused with the one expected', async ({ log }) => {
      await log.append('orders', payload('a'), { producer: { id: 'p', sequence: 1 } })
      const append = log.append('orders', payload('c'), { producer: { id: 'p', sequence: 3 } })
      const { details } = await assertRejects('GOETHE_PRODUCER_SEQUENCE', append)
      assertEqual(details.expectedSequence, 2)
      await log.append('orders', payload('b'), { producer: { id: 'p', sequence: 2 } })
    })

    test('a sequence that leaves one out is refused in flight too', async ({ log }) => {
      const append = (sequence: number): ReturnType<typeof log.append> => {
        return log.append('orders', payload(`${sequence}`), { producer: { id: 'p', sequence } })
      }
      const outcomes = await Promise.allSettled([append(1), append(3), append(2)])
      assertEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      )
    })

    test(`the last ${remembered} results are remembered, older ones refused`, async ({ log }) => {
      for (const sequence of range(1, remembered + 1)) {
        await log.append('orders', payload(`${sequence}`), { producer: { id: 'p', sequence } })
      }
      const repeat = (sequence: number): ReturnType<typeof log.append> => {
        return log.append('orders', payload('again'), { producer: { id: 'p', sequence } })
      }
      assertEqual((await repeat(2)).firstSequence, 2)
      await assertRejects('GOETHE_PRODUCER_SEQUENCE', repeat(1))
      assertEqual((await eventsOf(log, 'orders')).length, remembered + 1)
    })

    test('a producer has sequences of its own in each topic', async ({ log }) => {
      await log.append('orders', payload('a'), { producer: { id: 'p', sequence: 5 } })
      const receipt = await log.append('payments', payload('b'), {
        producer: { id: 'p', sequence: 1 },
      })
      assertEqual(receipt.repeated, false)
    })

    test('a repeated append is answered whatever it expects', async ({ log }) => {
      const options = { producer: { id: 'p', sequence: 1 }, expect: 'empty' } as const
      const first = await log.append('orders', payload('a'), options)
      const again = await log.append('orders', payload('a'), options)
      assertEqual(again, { ...first, repeated: true })
    })

    test('a conflict does not use up the sequence', async ({ log }) => {
      const producer = { id: 'p', sequence: 1 }
      const append = log.append('orders', payload('a'), { producer, expect: 7 })
      await assertRejects('GOETHE_CONFLICT', append)
      assertEqual((await log.append('orders', payload('a'), { producer })).repeated, false)
    })

    test('the receipt stays the same once its events are trimmed', async ({ log }) => {
      const producer = { id: 'p', sequence: 1 }
      const first = await log.append('orders', payload('a'), { producer })
      await log.append('orders', payload('b'))
      await log.trim('orders', { before: 2 })
      const again = await log.append('orders', payload('a'), { producer })
      assertEqual(again, { ...first, repeated: true })
    })

    test('a deleted topic forgets its producers', async ({ log }) => {
      const producer = { id: 'p', sequence: 1 }
      await log.append('orders', payload('a'), { producer })
      await log.deleteTopic('orders')
      const receipt = await log.append('orders', payload('a'), { producer })
      assertEqual([receipt.repeated, receipt.firstSequence], [false, 1])
    })

    test('results survive reopening', { needs: ['reopen'] }, async (subject) => {
      const producer = { id: 'p', sequence: 1 }
      const first = await subject.log.append('orders', payload('a'), { producer })
      await subject.reopen()
      const again = await subject.log.append('orders', payload('a'), { producer })
      assertEqual(again, { ...first, repeated: true })
    })

    test('appendAll is repeated as a whole', async ({ log }) => {
      const entries = ['a', 'b'].map((topic) => ({
        topic,
        payloads: payload(topic),
        producer: { id: 'p', sequence: 1 },
      }))
      const first = await log.appendAll(entries)
      const again = await log.appendAll(entries)
      assertEqual(
        again,
        first.map((receipt) => ({ ...receipt, repeated: true })),
      )
    })

    test('appendAll of which some was appended before is refused', async ({ log }) => {
      const producer = { id: 'p', sequence: 1 }
      await log.append('a', payload('a'), { producer })
      const append = log.appendAll([
        { topic: 'a', payloads: payload('a'), producer },
        { topic: 'b', payloads: payload('b'), producer },
      ])
      await assertRejects('GOETHE_PRODUCER_SEQUENCE', append)
      assertEqual(await eventsOf(log, 'b'), [])
    })

    test('appendAll takes successive sequences of a producer for one topic', async ({ log }) => {
      const entry = (sequence: number) => ({
        topic: 'a',
        payloads: payload(`${sequence}`),
        producer: { id: 'p', sequence },
      })
      await log.appendAll([entry(1), entry(2)])
      await log.appendAll([entry(3), entry(4)])
      assertEqual(texts(await eventsOf(log, 'a')), ['1', '2', '3', '4'])
    })

    test('appendAll never appends one sequence of a producer twice', async ({ log }) => {
      const entry = { topic: 'a', payloads: payload('a'), producer: { id: 'p', sequence: 1 } }
      await log.appendAll([entry, entry]).catch(() => undefined)
      const count = (await eventsOf(log, 'a')).length
      assertEqual(count > 1, false, 'that the event was appended more than once')
    })

    test(
      "a repeated append emits no 'append'",
      { needs: ['embedded'] },
      async ({ log, embedded }) => {
        const producer = { id: 'p', sequence: 1 }
        let emitted = 0
        embedded.on('append', () => emitted++)
        await log.append('orders', payload('a'), { producer })
        await log.append('orders', payload('a'), { producer })
        assertEqual(emitted, 1)
      },
    )
  })
}
