import { assertEqual } from './assert.js'
import type { Suite } from './suite.js'
import { assertSound, eventsOf, noise, numbered, range } from './support.js'

const minute = 60_000_000_000n

export function reindexTests({ group, test }: Suite): void {
  group('index', () => {
    const needs = ['embedded', 'reopen'] as const

    test(
      'the interval can be chosen when the log is made',
      {
        needs: ['embedded'],
        options: { index: { interval: '15m' } },
      },
      async ({ log, embedded }) => {
        assertEqual(embedded.status().indexIntervalMs, 900_000)
        for (const at of [1n, 14n, 16n, 50n]) {
          await log.append('a', noise(10), { time: at * minute })
        }
        assertEqual(
          (await log.histogram('a')).map(({ start, count }) => [start.getTime() / 60_000, count]),
          [
            [0, 2],
            [15, 1],
            [45, 1],
          ],
        )
      },
    )

    test('another interval rebuilds the index', { needs }, async (subject) => {
      const calls = range(1, 100).map((at) => {
        const time = BigInt(at) * 21n * minute
        return subject.log.append(at % 3 === 0 ? 'b' : 'a', numbered('x', (at % 4) + 1), { time })
      })
      await Promise.all(calls)
      await subject.log.append('a', numbered('x', 5), { time: 90_000n * minute - 2n })
      await subject.log.trim('a', { before: 40 })
      const events = await eventsOf(subject.log, 'a')
      for (const [interval, ms] of [
        ['1m', 60_000],
        ['1d', 86_400_000],
        ['15m', 900_000],
      ] as const) {
        await subject.reopen({ index: { interval } })
        assertEqual(subject.embedded.status().indexIntervalMs, ms)
        await assertSound(subject.log)
        const counted = new Map<number, number>()
        for (const { id } of events) {
          const start = Number(id / 1_000_000n) - (Number(id / 1_000_000n) % ms)
          counted.set(start, (counted.get(start) ?? 0) + 1)
        }
        assertEqual(
          (await subject.log.histogram('a')).map(({ start, count }) => [+start, count]),
          [...counted],
          `the histogram of ${interval}`,
        )
        const found = events.map(({ sequence }) => subject.log.seek('a', sequence))
        assertEqual(
          (await Promise.all(found)).map((event) => event?.id),
          events.map(({ id }) => id),
        )
      }
    })

    test('the interval stays when none is given', { needs }, async (subject) => {
      await subject.reopen({ index: { interval: '1d' } })
      await subject.reopen()
      assertEqual(subject.embedded.status().indexIntervalMs, 86_400_000)
    })
  })
}
