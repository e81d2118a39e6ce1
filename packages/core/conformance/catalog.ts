import { assertEqual, assertRejects } from './assert.js'
import type { Suite } from './suite.js'
import { appendTexts, eventsOf, noise, numbered, payload, range } from './support.js'

export function catalogTests({ group, test }: Suite): void {
  group('topics', () => {
    test('an empty log has none', async ({ log }) => {
      assertEqual(await log.topics(), [])
    })

    test('they come in the order of their bytes', async ({ log }) => {
      for (const topic of ['b', 'a/2', 'ä', 'Z', 'a', 'a/1', '🎉', '￼'])
        await appendTexts(log, topic, '')
      assertEqual(await log.topics(), ['Z', 'a', 'a/1', 'a/2', 'b', 'ä', '￼', '🎉'])
    })

    test('prefix, limit and after give a page', async ({ log }) => {
      const names = range(10, 30).map((number) => `t/${number}`)
      await log.appendAll(['s', ...names, 'u'].map((topic) => ({ topic, payloads: payload('') })))
      assertEqual(await log.topics({ prefix: 't/' }), names)
      assertEqual(await log.topics({ prefix: 't/2' }), names.slice(10, 20))
      assertEqual(await log.topics({ prefix: 't/', limit: 5 }), names.slice(0, 5))
      const pages: string[] = []
      for (let after: string | undefined; ; after = pages.at(-1)) {
        const page = await log.topics({ prefix: 't/', limit: 4, after })
        if (page.length === 0) break
        pages.push(...page)
      }
      assertEqual(pages, names)
      assertEqual(await log.topics({ prefix: 't/', after: 'a' }), names)
      assertEqual(await log.topics({ prefix: 't/', after: 'z' }), [])
      assertEqual(await log.topics({ after: 't/29' }), ['t/30', 'u'])
    })

    test('a topic that was only read does not exist', async ({ log }) => {
      await eventsOf(log, 'orders')
      await log.cursor('orders', 'mailer').read().toArray()
      assertEqual(await log.topics(), [])
    })
  })

  group('describe', () => {
    test('tells first, last, count and bytes', async ({ log }) => {
      await log.append('orders', [noise(10), noise(20)], { time: 1_000_000_000_000n })
      await log.append('orders', noise(0), { time: 2_000_000_000_000n })
      assertEqual(await log.describe('orders'), {
        topic: 'orders',
        createdAt: new Date(1_000_000),
        first: { id: 1_000_000_000_000n, sequence: 1, time: new Date(1_000_000) },
        last: { id: 2_000_000_000_000n, sequence: 3, time: new Date(2_000_000) },
        count: 3,
        bytes: 30,
        retention: null,
      })
    })

    test('a topic that does not exist is GOETHE_TOPIC_NOT_FOUND', async ({ log }) => {
      await eventsOf(log, 'orders')
      await assertRejects('GOETHE_TOPIC_NOT_FOUND', log.describe('orders'))
    })

    test('it is the same after reopening', { needs: ['reopen'] }, async (subject) => {
      await subject.log.append('orders', range(1, 5).map(noise))
      await subject.log.append('orders', numbered('o', 5))
      await subject.log.trim('orders', { before: 6 })
      const description = await subject.log.describe('orders')
      assertEqual([description.count, description.bytes], [5, 10])
      await subject.reopen()
      assertEqual(await subject.log.describe('orders'), description)
    })
  })

  group('histogram', () => {
    const hour = 3_600_000_000_000n

    test('counts events and bytes by interval, without empty ones', async ({ log }) => {
      await log.append('a', [noise(1), noise(2)], { time: hour + 5n })
      await log.append('a', noise(4), { time: 2n * hour - 1n })
      await log.append('a', noise(8), { time: 5n * hour })
      assertEqual(await log.histogram('a'), [
        { start: new Date('1970-01-01T01:00Z'), count: 3, bytes: 7 },
        { start: new Date('1970-01-01T05:00Z'), count: 1, bytes: 8 },
      ])
    })

    test('of several topics adds them up', async ({ log }) => {
      for (const [index, topic] of ['a/1', 'a/2', 'b'].entries()) {
        await log.append(topic, noise(10), { time: hour + BigInt(index) })
      }
      const [bucket] = await log.histogram({ prefix: 'a/' })
      assertEqual([bucket?.count, bucket?.bytes], [2, 20])
      assertEqual((await log.histogram('*'))[0]?.count, 3)
    })

    test('days, months and years are those of UTC', async ({ log }) => {
      for (const time of ['2024-02-28T23:59Z', '2024-02-29T00:00Z', '2024-03-01', '2025-01-01']) {
        await log.append('a', payload(''), { time: new Date(time) })
      }
      const starts = async (interval: '1d' | 'month' | 'year'): Promise<string[]> => {
        const buckets = await log.histogram('a', { interval })
        return buckets.map(({ start, count }) => `${start.toISOString().slice(0, 10)} ${count}`)
      }
      assertEqual(await starts('1d'), [
        '2024-02-28 1',
        '2024-02-29 1',
        '2024-03-01 1',
        '2025-01-01 1',
      ])
      assertEqual(await starts('month'), ['2024-02-01 2', '2024-03-01 1', '2025-01-01 1'])
      assertEqual(await starts('year'), ['2024-01-01 3', '2025-01-01 1'])
    })

    test('from and to bound it to whole intervals', async ({ log }) => {
      for (const at of range(1, 9)) await log.append('a', payload(''), { time: BigInt(at) * hour })
      const counts = async (from: bigint, to: bigint): Promise<number> => {
        const buckets = await log.histogram('a', { from, to })
        return buckets.reduce((sum, { count }) => sum + count, 0)
      }
      assertEqual(await counts(3n * hour, 6n * hour), 3)
      assertEqual(await counts(3n * hour + 5n, 6n * hour + 5n), 4)
      assertEqual(await counts(6n * hour, 3n * hour), 0)
      assertEqual(await counts(0n, 1n), 0)
    })

    test('what was trimmed is not counted', async ({ log }) => {
      for (const at of range(1, 9)) {
        await log.append('a', numbered('x', 10), { time: BigInt(at) * hour })
      }
      await log.trim('a', { before: 46 })
      const buckets = await log.histogram('a')
      assertEqual(
        buckets.map(({ count }) => count),
        [5, 10, 10, 10, 10],
      )
    })

    test('a topic that does not exist has no buckets', async ({ log }) => {
      assertEqual(await log.histogram('none'), [])
      assertEqual(await log.histogram('*'), [])
    })
  })

  group('cursors', () => {
    test('tells position, lag and hold of each', { needs: ['clock'] }, async ({ log }) => {
      await log.append('a', numbered('a', 5))
      const [first, second] = await eventsOf(log, 'a')
      await log.cursor('a', 'mailer').commit(second!)
      const holding = log.cursor('a', 'biller', { hold: true })
      await holding.read().toArray()
      await holding.commit(first!)
      const updatedAt = new Date('2026-01-01')
      assertEqual(await log.cursors(), [
        {
          topic: 'a',
          consumer: 'biller',
          id: first!.id,
          sequence: 1,
          updatedAt,
          lag: 4,
          hold: true,
          acknowledgedAhead: 0,
        },
        {
          topic: 'a',
          consumer: 'mailer',
          id: second!.id,
          sequence: 2,
          updatedAt,
          lag: 3,
          hold: false,
          acknowledgedAhead: 0,
        },
      ])
    })

    test('topic, limit and after give a page', async ({ log }) => {
      for (const topic of ['a', 'ab', 'b']) {
        await log.append(topic, payload(''))
        const [event] = await eventsOf(log, topic)
        for (const consumer of ['x', 'y', 'z']) await log.cursor(topic, consumer).commit(event!)
      }
      const names = async (options: Parameters<typeof log.cursors>[0]): Promise<string> => {
        const found = await log.cursors(options)
        return found.map(({ topic, consumer }) => `${topic}:${consumer}`).join(' ')
      }
      assertEqual(await names({}), 'a:x a:y a:z ab:x ab:y ab:z b:x b:y b:z')
      assertEqual(await names({ topic: 'a' }), 'a:x a:y a:z')
      assertEqual(await names({ topic: 'a', limit: 2 }), 'a:x a:y')
      assertEqual(await names({ topic: 'a', after: { topic: 'a', consumer: 'y' } }), 'a:z')
      assertEqual(await names({ limit: 2, after: { topic: 'a', consumer: 'z' } }), 'ab:x ab:y')
      assertEqual(await names({ after: { topic: 'ab', consumer: 'z' } }), 'b:x b:y b:z')
      assertEqual(await names({ topic: 'b', after: { topic: 'a', consumer: 'z' } }), 'b:x b:y b:z')
      assertEqual(await names({ topic: 'a', after: { topic: 'b', consumer: 'x' } }), '')
    })
  })
}
