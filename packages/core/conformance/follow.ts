import { assertEqual, assertRejects } from './assert.js'
import type { Suite } from './suite.js'
import {
  abortController,
  appendTexts,
  iterate,
  nextOf,
  noise,
  numbered,
  payload,
  range,
  sequences,
  takeFrom,
  texts,
} from './support.js'

const follow = true

export function followTests({ group, test }: Suite): void {
  group('read: follow', () => {
    test('reads what is there, then what comes', async ({ log }) => {
      await appendTexts(log, 'orders', '1', '2')
      const iterator = iterate(log.read('orders', { follow }))
      assertEqual(texts(await takeFrom(iterator, 2)), ['1', '2'])
      const next = nextOf(iterator)
      await appendTexts(log, 'orders', '3')
      assertEqual((await next).text(), '3')
      await iterator.return?.()
    })

    test('a topic that does not exist yet is followed from its first event', async ({ log }) => {
      const iterator = iterate(log.read('orders', { follow }))
      const next = nextOf(iterator)
      await appendTexts(log, 'payments', 'x')
      await appendTexts(log, 'orders', '1')
      assertEqual((await next).text(), '1')
      await iterator.return?.()
    })

    test("from 'end' reads only what comes", async ({ log }) => {
      await appendTexts(log, 'orders', '1')
      const iterator = iterate(log.read('orders', { follow, from: 'end' }))
      const next = nextOf(iterator)
      await appendTexts(log, 'orders', '2')
      assertEqual((await next).text(), '2')
      await iterator.return?.()
    })

    test('from an id that lies ahead waits for the first event at or after it', async ({ log }) => {
      const { lastId } = await log.append('orders', payload('1'), { time: 1000n })
      const iterator = iterate(log.read('orders', { follow, from: lastId + 10n }))
      const next = nextOf(iterator)
      await log.append('orders', payload('too early'), { time: 1005n })
      await log.append('orders', payload('at last'), { time: 1020n })
      assertEqual((await next).text(), 'at last')
      await iterator.return?.()
    })

    test('limit and to end it', async ({ log }) => {
      await log.append('orders', payload('1'), { time: 1000n })
      const limited = log.read('orders', { follow, limit: 2 }).toArray()
      const bounded = log.read('orders', { follow, to: 1003n }).toArray()
      await log.append('orders', [payload('2'), payload('3')], { time: 1002n })
      assertEqual(texts(await limited), ['1', '2'])
      assertEqual(texts(await bounded), ['1', '2'])
    })

    test('the hand-over from store to live has no gap and nothing twice', async ({ log }) => {
      const total = 3000
      for (const round of range(1, 10)) await log.append('orders', numbered(`${round}-`, 100))
      const appending = (async () => {
        for (const round of range(1, 200)) await log.append('orders', numbered(`${round}-`, 10))
      })()
      const readers = range(1, 8).map(async () => {
        const read = []
        for await (const event of log.read('orders', { follow, limit: total })) read.push(event)
        return read
      })
      await appending
      for (const read of await Promise.all(readers)) {
        assertEqual(sequences(read), range(1, total))
      }
    })

    test(
      'a reader that falls behind what is kept in memory goes back to the store',
      { needs: ['embedded'], options: { recentBytesMax: 1000 } },
      async ({ log }) => {
        const iterator = iterate(log.read('orders', { follow }))
        const all = iterate(log.read('*', { follow }))
        await appendTexts(log, 'orders', 'first')
        await nextOf(iterator)
        await nextOf(all)
        for (const number of range(2, 30)) {
          await log.append('orders', noise(150, number))
          if (number % 7 === 0) await log.append('orders', noise(5000, number))
        }
        assertEqual(sequences(await takeFrom(iterator, 33)), range(2, 34))
        assertEqual(sequences(await takeFrom(all, 33)), range(2, 34))
        await appendTexts(log, 'orders', 'last')
        assertEqual((await nextOf(iterator)).text(), 'last')
        await iterator.return?.()
        await all.return?.()
      },
    )

    test(
      'nothing recent kept at all is no gap either',
      { needs: ['embedded'], options: { recentBytesMax: 0 } },
      async ({ log }) => {
        const iterator = iterate(log.read('orders', { follow }))
        for (const number of range(1, 20)) {
          const next = nextOf(iterator)
          await appendTexts(log, 'orders', `${number}`)
          assertEqual((await next).text(), `${number}`)
        }
        await iterator.return?.()
      },
    )

    test(
      'followers that are caught up do not read the store',
      { needs: ['embedded'] },
      async ({ log, embedded }) => {
        const iterators = range(1, 50).map(() => iterate(log.read('orders', { follow })))
        let nexts = iterators.map((iterator) => nextOf(iterator))
        await appendTexts(log, 'orders', 'first')
        await Promise.all(nexts)
        const reads = embedded.status().storeReads
        for (const text of ['second', 'third']) {
          nexts = iterators.map((iterator) => nextOf(iterator))
          await appendTexts(log, 'orders', text)
          for (const event of await Promise.all(nexts)) assertEqual(event.text(), text)
        }
        // Each reader may have looked at the store once more before it went live.
        assertEqual(embedded.status().storeReads - reads <= 3 * 50, true)
        const settled = embedded.status().storeReads
        nexts = iterators.map((iterator) => nextOf(iterator))
        await appendTexts(log, 'orders', 'fourth')
        await Promise.all(nexts)
        assertEqual(embedded.status().storeReads, settled, 'reads of the store')
        for (const iterator of iterators) await iterator.return?.()
      },
    )

    test('the signal ends the wait with GOETHE_ABORTED', async ({ log }) => {
      const controller = abortController()
      const iterator = iterate(log.read('orders', { follow, signal: controller.signal }))
      const next = assertRejects('GOETHE_ABORTED', iterator.next())
      await appendTexts(log, 'payments', 'x')
      controller.abort(new Error('enough'))
      assertEqual(((await next).cause as Error).message, 'enough')
      assertEqual((await iterator.next()).done, true)
    })

    test('leaving ends the wait', async ({ log }) => {
      const iterator = iterate(log.read('orders', { follow }))
      const next = iterator.next()
      await appendTexts(log, 'payments', 'x')
      await iterator.return?.()
      assertEqual((await next).done, true)
    })

    test('closing the log ends the wait with GOETHE_CLOSED', async ({ log }) => {
      const iterators = ['orders', 'none'].map((topic) => iterate(log.read(topic, { follow })))
      const first = nextOf(iterators[0]!)
      await appendTexts(log, 'orders', '1')
      await first
      const nexts = iterators.map((iterator) => assertRejects('GOETHE_CLOSED', iterator.next()))
      await log.close()
      await Promise.all(nexts)
    })

    test('a follower goes on behind a trim that overtakes it', async ({ log }) => {
      await log.append('orders', numbered('o', 3))
      const iterator = iterate(log.read('orders', { follow, limit: 100 }))
      await takeFrom(iterator, 3)
      const next = nextOf(iterator)
      await log.trim('orders', { before: 4 })
      await log.append('orders', numbered('p', 2))
      assertEqual((await next).sequence, 4)
      assertEqual((await nextOf(iterator)).sequence, 5)
      await iterator.return?.()
    })

    test('a follower goes on when its topic is deleted and born again', async ({ log }) => {
      await log.append('orders', numbered('old', 3))
      const iterator = iterate(log.read('orders', { follow }))
      await takeFrom(iterator, 3)
      const next = nextOf(iterator)
      await log.deleteTopic('orders')
      await appendTexts(log, 'orders', 'new')
      const event = await next
      assertEqual([event.sequence, event.text()], [1, 'new'])
      await iterator.return?.()
    })

    test('an append of many blocks comes whole', async ({ log }) => {
      const iterator = iterate(log.read('orders', { follow }))
      const next = nextOf(iterator)
      await log.append(
        'orders',
        range(1, 25).map((number) => noise(200_000, number)),
      )
      assertEqual((await next).sequence, 1)
      assertEqual(sequences(await takeFrom(iterator, 24)), range(2, 25))
      await iterator.return?.()
    })
  })
}
