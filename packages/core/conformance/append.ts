import type { Receipt } from '../src/append-api.js'
import { blockHeaderBytes, payloadBytesInBlock } from '../src/block.js'
import { blockBytesMax } from '../src/limits.js'
import { assert, assertEqual, assertRejects } from './assert.js'
import type { Suite } from './suite.js'
import {
  abortController,
  appendTexts,
  assertSound,
  eventsOf,
  ids,
  noise,
  numbered,
  payload,
  range,
  sequences,
  texts,
} from './support.js'

const megabyte = 1024 * 1024

export function appendTests({ group, test }: Suite): void {
  group('append', () => {
    test('the first event of a topic has sequence 1', async ({ log }) => {
      const receipt = await log.append('orders', payload('one'))
      assertEqual(receipt.firstSequence, 1)
      assertEqual(sequences(await eventsOf(log, 'orders')), [1])
    })

    test('each topic has sequences of its own, without gaps', async ({ log }) => {
      await appendTexts(log, 'a', '1', '2')
      await appendTexts(log, 'b', '1')
      await appendTexts(log, 'a', '3')
      assertEqual(sequences(await eventsOf(log, 'a')), [1, 2, 3])
      assertEqual(sequences(await eventsOf(log, 'b')), [1])
    })

    test('ids ascend over all topics', async ({ log }) => {
      const receipts = [
        ...(await appendTexts(log, 'b', '1', '2')),
        ...(await appendTexts(log, 'a', '1')),
        ...(await appendTexts(log, 'b', '3')),
      ]
      for (const [index, { firstId }] of receipts.entries()) {
        assert(index === 0 || firstId > receipts[index - 1]!.lastId, `id ${index} does not ascend`)
      }
    })

    test('the payloads of one append have consecutive ids and sequences', async ({ log }) => {
      const { firstId } = await log.append('orders', numbered('o', 5))
      const events = await eventsOf(log, 'orders')
      assertEqual(
        ids(events),
        range(0, 4).map((index) => firstId + BigInt(index)),
      )
      assertEqual(sequences(events), range(1, 5))
      assertEqual(texts(events), ['o1', 'o2', 'o3', 'o4', 'o5'])
    })

    test('the receipt tells topic, ids, sequences and count', async ({ log }) => {
      await log.append('orders', payload('zero'))
      const receipt = await log.append('orders', numbered('o', 3))
      const events = (await eventsOf(log, 'orders')).slice(1)
      const { durability, ...rest } = receipt
      assertEqual(rest, {
        topic: 'orders',
        firstId: events[0]!.id,
        lastId: events[2]!.id,
        firstSequence: 2,
        lastSequence: 4,
        count: 3,
        repeated: false,
      })
      assert(['memory', 'os', 'fsync'].includes(durability), `durability is ${durability}`)
    })

    test('an event names its topic', async ({ log }) => {
      await log.append('orders', payload('one'))
      assertEqual((await eventsOf(log, 'orders'))[0]?.topic, 'orders')
    })

    test('an id is the time of receipt', { needs: ['clock'] }, async ({ log, clock }) => {
      clock.advance(1500)
      const { firstId } = await log.append('orders', payload('one'))
      assertEqual(firstId, clock.now())
      const [event] = await eventsOf(log, 'orders')
      assertEqual(event!.time, new Date('2026-01-01T00:00:01.500Z'))
    })

    test('ids go on where the clock goes back', { needs: ['clock'] }, async ({ log, clock }) => {
      const { lastId } = await log.append('orders', payload('one'))
      clock.set(clock.now() - 3_600_000_000_000n)
      const receipt = await log.append('orders', payload('two'))
      assertEqual(receipt.firstId, lastId + 1n)
    })

    test('the bytes of an event stay when those given change later', async ({ log }) => {
      const bytes = payload('before')
      await log.append('orders', bytes)
      bytes.fill(0)
      assertEqual(texts(await eventsOf(log, 'orders')), ['before'])
    })

    test('the array of payloads can be used again at once', async ({ log }) => {
      const batch = [payload('one'), payload('two')]
      const first = log.append('orders', batch)
      batch.length = 0
      batch.push(payload('three'))
      await Promise.all([first, log.append('orders', batch)])
      assertEqual(texts(await eventsOf(log, 'orders')), ['one', 'two', 'three'])
    })

    test('a view into other bytes is appended without what surrounds it', async ({ log }) => {
      await log.append('orders', payload('-inner-').subarray(1, 6))
      assertEqual(texts(await eventsOf(log, 'orders')), ['inner'])
    })

    test('appends in flight keep the order of their calls', async ({ log }) => {
      const calls = range(1, 200).map((number) => log.append('orders', payload(`${number}`)))
      const receipts = await Promise.all(calls)
      assertEqual(
        receipts.map(({ firstSequence }) => firstSequence),
        range(1, 200),
      )
      assertEqual(texts(await eventsOf(log, 'orders')), range(1, 200).map(String))
    })

    test('appends in flight to a hundred topics all arrive in their order', async ({ log }) => {
      const calls: Promise<Receipt>[] = []
      for (const round of range(1, 10)) {
        for (const topic of range(1, 100)) {
          calls.push(log.append(`topic-${topic}`, numbered(`${topic}-${round}-`, round % 3 || 1)))
        }
      }
      await Promise.all(calls)
      const expected = range(1, 10).flatMap((round) => roundTexts('7', round))
      assertEqual(texts(await eventsOf(log, 'topic-7')), expected)
      await assertSound(log)
    })

    test('topics whose names begin alike do not mix', async ({ log }) => {
      const topics = [
        'a',
        'a!',
        'a;',
        'a/',
        'aa',
        'ab',
        'A',
        'a b',
        'ä',
        '日本',
        '🎉',
        'a\u{10ffff}',
      ]
      await Promise.all(topics.map((topic) => log.append(topic, payload(topic))))
      for (const topic of topics) assertEqual(texts(await eventsOf(log, topic)), [topic], topic)
      await assertSound(log)
    })

    test('a name may have 255 bytes of UTF-8', async ({ log }) => {
      const topic = `${'ü'.repeat(127)}x`
      await log.append(topic, payload('one'))
      assertEqual(texts(await eventsOf(log, topic)), ['one'])
      assertEqual(await log.topics(), [topic])
    })
  })

  group('append: sizes', () => {
    for (const size of [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
      test(`a payload of ${size} bytes comes back as it was`, async ({ log }) => {
        await log.append('sizes', [payload('before'), noise(size), payload('behind')])
        const events = await eventsOf(log, 'sizes')
        assertEqual(
          events.map((event) => event.payload),
          [payload('before'), noise(size), payload('behind')],
        )
        await assertSound(log)
      })
    }

    for (const over of [-1, 0, 1]) {
      const what = over === 0 ? 'exactly a block' : `a block ${over < 0 ? 'less' : 'and'} one byte`
      test(`payloads that take ${what} with their framing come back`, async ({ log }) => {
        const half = blockBytesMax / 2 - 100
        const framing = payloadBytesInBlock(half) - half
        const size = blockBytesMax + over - blockHeaderBytes - 2 * framing
        const payloads = [noise(half, 1), noise(size - half, 2)]
        await log.append('sizes', payloads)
        assertEqual(
          (await eventsOf(log, 'sizes')).map((event) => event.payload),
          payloads,
        )
        await assertSound(log)
      })
    }

    test('an append of several blocks has consecutive ids and sequences', async ({ log }) => {
      const payloads = range(1, 3000).map((number) => noise(1000, number))
      const { firstId, lastId, count } = await log.append('sizes', payloads)
      assertEqual(count, 3000)
      assertEqual(lastId, firstId + 2999n)
      const events = await eventsOf(log, 'sizes')
      assertEqual(sequences(events), range(1, 3000))
      assertEqual(events.at(-1)!.payload, payloads.at(-1))
      assertEqual(events.at(-1)!.id, lastId)
      await assertSound(log)
    })

    test('20,000 empty payloads are 20,000 events', async ({ log }) => {
      await log.append(
        'sizes',
        range(1, 20_000).map(() => new Uint8Array(0)),
      )
      const events = await eventsOf(log, 'sizes')
      assertEqual(events.length, 20_000)
      assertEqual(events.at(-1)!.sequence, 20_000)
    })

    test('an event of 16 MiB is accepted', async ({ log }) => {
      const bytes = noise(16 * megabyte)
      await log.append('sizes', [payload('before'), bytes, payload('behind')])
      const events = await eventsOf(log, 'sizes')
      assertEqual(sequences(events), [1, 2, 3])
      assertEqual(events[1]!.payload.length, bytes.length)
      assertEqual(events[1]!.payload.subarray(-64), bytes.subarray(-64))
    })

    test('an event of 16 MiB and one byte is GOETHE_EVENT_TOO_LARGE', async ({ log }) => {
      const large = new Uint8Array(16 * megabyte + 1)
      await assertRejects('GOETHE_EVENT_TOO_LARGE', log.append('sizes', [payload('one'), large]))
      assertEqual(await eventsOf(log, 'sizes'), [])
      const receipt = await log.append('sizes', payload('one'))
      assertEqual(receipt.firstSequence, 1)
    })

    test(
      'eventBytesMax bounds an event',
      { needs: ['embedded'], options: { eventBytesMax: 10 } },
      async ({ log }) => {
        await log.append('sizes', noise(10))
        await assertRejects('GOETHE_EVENT_TOO_LARGE', log.append('sizes', noise(11)))
      },
    )
  })

  group('append: signal and queue', () => {
    test('a signal that has fired rejects with GOETHE_ABORTED', async ({ log }) => {
      const controller = abortController()
      controller.abort(new Error('enough'))
      const { signal } = controller
      const error = await assertRejects(
        'GOETHE_ABORTED',
        log.append('orders', payload('one'), { signal }),
      )
      assertEqual((error.cause as Error).message, 'enough')
      assertEqual(await eventsOf(log, 'orders'), [])
    })

    test(
      'beyond queueBytesMax appends wait and keep their order',
      { needs: ['embedded'], options: { queueBytesMax: 1000 } },
      async ({ log, embedded }) => {
        const calls = range(1, 50).map((number) => log.append('orders', noise(100 + number)))
        assert(embedded.status().waitingAppends > 0, 'no append waits')
        assert(embedded.status().queuedBytes <= 1000, 'the queue holds more than it may')
        await Promise.all(calls)
        assertEqual(
          (await eventsOf(log, 'orders')).map((event) => event.payload.length),
          range(101, 150),
        )
        const { queuedBytes, waitingAppends } = embedded.status()
        assertEqual({ queuedBytes, waitingAppends }, { queuedBytes: 0, waitingAppends: 0 })
      },
    )

    test(
      'an append that waits for room can be aborted, and the others go on',
      { needs: ['embedded'], options: { queueBytesMax: 100 } },
      async ({ log }) => {
        const controller = abortController()
        const first = log.append('orders', noise(100))
        const aborted = log.append('orders', noise(50), { signal: controller.signal })
        const last = log.append('orders', noise(60))
        controller.abort()
        await assertRejects('GOETHE_ABORTED', aborted)
        await Promise.all([first, last])
        const sizes = (await eventsOf(log, 'orders')).map((event) => event.payload.length)
        assertEqual(sizes, [100, 60])
      },
    )
  })
}

function roundTexts(topic: string, round: number): string[] {
  return range(1, round % 3 || 1).map((number) => `${topic}-${round}-${number}`)
}
