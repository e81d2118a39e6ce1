import { assertEqual, assertRejects } from './assert.js'
import type { Suite } from './suite.js'
import { assertSound, eventsOf, ids, payload, range, sequences } from './support.js'

const hourMs = 3_600_000

export function importTimeTests({ group, test }: Suite): void {
  group('append: a time of its own', () => {
    test('a Date becomes the first id', async ({ log }) => {
      const time = new Date('2001-02-03T04:05:06.789Z')
      const receipt = await log.append('past', [payload('1'), payload('2')], { time })
      assertEqual(receipt.firstId, BigInt(time.getTime()) * 1_000_000n)
      assertEqual((await eventsOf(log, 'past'))[0]!.time, time)
    })

    test('nanoseconds become the first id', async ({ log }) => {
      const receipt = await log.append('past', payload('1'), { time: 123_456_789n })
      assertEqual(receipt.firstId, 123_456_789n)
    })

    test("a time at or before the log's last id becomes the id after it", async ({ log }) => {
      const { lastId } = await log.append('past', payload('1'), { time: 5000n })
      const same = await log.append('past', payload('2'), { time: 5000n })
      const before = await log.append('other', payload('3'), { time: 4000n })
      assertEqual([same.firstId, before.firstId], [lastId + 1n, lastId + 2n])
    })

    test('1970 is a time', async ({ log }) => {
      const { firstId } = await log.append('past', payload('1'), { time: new Date(0) })
      assertEqual(firstId, 1n)
    })

    test(
      'an append without a time comes behind them now',
      { needs: ['clock'] },
      async (subject) => {
        const { log, clock } = subject
        await log.append('past', payload('1'), { time: new Date('2001-01-01') })
        assertEqual((await log.append('past', payload('2'))).firstId, clock.now())
      },
    )

    test('up to a minute ahead of the clock is accepted', { needs: ['clock'] }, async (subject) => {
      const { log, clock } = subject
      const time = clock.now() + 60_000_000_000n
      assertEqual((await log.append('past', payload('1'), { time })).firstId, time)
    })

    test(
      'further ahead is GOETHE_TIME_IN_FUTURE, and the log goes on',
      { needs: ['clock'] },
      async ({ log, clock }) => {
        const time = clock.now() + 60_000_000_001n
        const append = log.append('past', payload('1'), { time })
        await assertRejects('GOETHE_TIME_IN_FUTURE', append)
        assertEqual((await log.append('past', payload('1'))).firstId, clock.now())
      },
    )

    test('so is a time that no id can hold, and it is no other one', async ({ log }) => {
      for (const time of [new Date('2600-01-01'), new Date('9999-01-01'), 2n ** 64n + 5000n]) {
        await assertRejects('GOETHE_TIME_IN_FUTURE', log.append('past', payload('1'), { time }))
        const entry = { topic: 'past', payloads: payload('1'), time }
        await assertRejects('GOETHE_TIME_IN_FUTURE', log.appendAll([entry]))
      }
    })

    test('appends in flight keep their order whatever their times', async ({ log }) => {
      const times = [10n, 1000n, 500n, undefined, 20n, undefined, undefined, 2000n]
      const calls = times.map((time) => log.append('past', payload('x'), { time }))
      const receipts = await Promise.all(calls)
      const events = await eventsOf(log, 'past')
      assertEqual(sequences(events), range(1, times.length))
      assertEqual(
        ids(events),
        receipts.map(({ firstId }) => firstId),
      )
      assertEqual(ids(events).slice(0, 3), [10n, 1000n, 1001n])
      await assertSound(log)
    })

    test('an append that crosses intervals of the index is whole', async ({ log }) => {
      // Its events lie on both sides of an hour, a nanosecond apart.
      const time = BigInt(hourMs) * 1_000_000n - 2n
      const payloads = range(1, 5).map((number) => payload(`${number}`))
      await log.append('past', payloads, { time })
      const events = await eventsOf(log, 'past')
      assertEqual(
        ids(events),
        range(0, 4).map((index) => time + BigInt(index)),
      )
      assertEqual(
        (await log.histogram('past')).map(({ count }) => count),
        [2, 3],
      )
      await assertSound(log)
    })

    test('events of many intervals are found by their sequence', async ({ log }) => {
      let time = 0n
      for (const number of range(1, 60)) {
        // Close together, hours apart, years apart.
        time += [1n, 7_200_000_000_000n, 30_000_000_000_000_000n][number % 3]!
        const payloads = range(1, (number % 4) + 1).map(() => payload(`${number}`))
        await log.append(number % 5 === 0 ? 'other' : 'past', payloads, { time })
      }
      const events = await eventsOf(log, 'past')
      for (const { id, sequence } of events) {
        const found = await log.seek('past', sequence)
        assertEqual([found?.id, found?.sequence], [id, sequence])
      }
      await assertSound(log)
    })
  })
}
