import { describe, expect, it } from 'vitest'
import type { LogEvent, ReadOptions, TopicSelector } from '@goethe/core'
import { manualClock } from '@goethe/core/testing'
import { hastyClock } from '../tests-support/hasty-clock.js'
import { seededRandom } from '../tests-support/seeded-random.js'
import { Served, untilConnected } from '../tests-support/served.js'

const payload = (text: string, size: number): Buffer => Buffer.from(text.padEnd(size, '.'))

/** Cuts a number of connections, each after a random number of bytes down. */
function cutting({ proxy }: Served, random: () => number, cuts: number, bytesMax: number): void {
  proxy.onAccept((left) => {
    if (cuts-- > 0) left.down = Math.floor(random() * bytesMax)
  })
}

describe('a read through connections that are cut anywhere', () => {
  const cases: [string, TopicSelector, ReadOptions][] = [
    ['forward', 'a1', {}],
    ['in reverse', 'a1', { reverse: true }],
    ['of topics with a prefix', { prefix: 'a' }, {}],
    ['of topics with a prefix, in reverse', { prefix: 'a' }, { reverse: true }],
    ['of the whole log', '*', {}],
    ['of the whole log, in reverse', '*', { reverse: true }],
    ['of no more than a limit', '*', { limit: 777 }],
    ['of no more than a limit, in reverse', '*', { limit: 777, reverse: true }],
    ['from a sequence', 'a2', { from: 50 }],
  ]
  it.each(cases)('%s has no gap and nothing twice', async (_, topics, options) => {
    await using served = await Served.start()
    const random = seededRandom(_.length * 1000)
    const { log } = served
    for (let round = 0; round < 40; round++) {
      await log.appendAll(
        ['a1', 'a2', 'b'].map((topic) => ({
          topic,
          payloads: Array.from({ length: 10 }, (_none, index) =>
            payload(`${topic}-${round}-${index}`, Math.floor(random() ** 4 * 20_000)),
          ),
        })),
      )
    }
    const expected = await log.read(topics, options).toArray()
    cutting(served, random, 12, 300_000)
    const client = served.connect({ random, clock: hastyClock() })
    const read = await client.read(topics, options).toArray()
    expect(read.map(place)).toEqual(expected.map(place))
    expect(served.proxy.accepted).toBeGreaterThan(1)
  })

  it('that follows gets all that is appended meanwhile', async () => {
    await using served = await Served.start()
    const random = seededRandom(3)
    const client = served.connect({ random, clock: hastyClock() })
    cutting(served, random, 15, 30_000)
    const total = 600
    const appended = (async () => {
      for (let count = 0; count < total; count++) {
        await served.log.append('t', payload(`${count}`, Math.floor(random() * 2000)))
        if (count % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
        if (count % 100 === 99) served.proxy.cut()
      }
    })()
    const sequences: number[] = []
    for await (const { sequence } of client.read('t', { follow: true, limit: total })) {
      sequences.push(sequence)
    }
    await appended
    expect(sequences).toEqual(Array.from({ length: total }, (_, index) => index + 1))
  })
})

describe('a read that follows from the end', () => {
  it('goes on from where that was, when the connection breaks before the first event', async () => {
    await using served = await Served.start()
    const client = served.connect()
    await client.append('t', Buffer.from('before'))
    const iterator = client.read('t', { follow: true, from: 'end' })[Symbol.asyncIterator]()
    const next = iterator.next()
    // Goes behind the read's answer about the end, so that is known by now.
    await client.append('other', Buffer.from(''))
    served.proxy.refuse()
    served.proxy.cut()
    await served.log.append('t', Buffer.from('while away'))
    served.proxy.heal()
    expect((await next).value?.text()).toBe('while away')
    await iterator.return?.()
  })

  it('gets what the same client appends behind it', async () => {
    await using served = await Served.start()
    const client = served.connect()
    for (let round = 0; round < 20; round++) {
      const iterator = client.read('t', { follow: true, from: 'end' })[Symbol.asyncIterator]()
      const next = iterator.next()
      await client.append('t', Buffer.from(`${round}`))
      expect((await next).value?.text()).toBe(`${round}`)
      await iterator.return?.()
    }
  })

  it('that is left at once does not hold appends back', async () => {
    await using served = await Served.start()
    const client = served.connect()
    const iterator = client.read('t', { follow: true, from: 'end' })[Symbol.asyncIterator]()
    const next = iterator.next()
    await iterator.return?.()
    await client.append('t', Buffer.from('1'))
    expect((await next).done).toBe(true)
  })
})

it('a read that follows goes on for good, however long the server is away', async () => {
  await using served = await Served.start()
  const client = served.connect({ deadlineMs: 400 })
  await untilConnected(client)
  await served.log.append('t', Buffer.from('1'))
  const iterator = client.read('t', { follow: true })[Symbol.asyncIterator]()
  expect((await iterator.next()).value?.text()).toBe('1')
  const next = iterator.next()
  served.proxy.refuse()
  served.proxy.cut()
  await expect(client.describe('t')).rejects.toMatchObject({ code: 'GOETHE_UNAVAILABLE' })
  await served.log.append('t', Buffer.from('2'))
  served.proxy.heal()
  expect((await next).value?.text()).toBe('2')
  await iterator.return?.()
})

it('the time that a reader takes between events is not counted', async () => {
  await using served = await Served.start()
  for (let count = 0; count < 30; count++) await served.log.append('t', payload('x', 300_000))
  const clock = manualClock()
  const client = served.connect({ deadlineMs: 100, clock })
  let count = 0
  for await (const _ of client.read('t')) {
    count++
    clock.advance(1000)
  }
  expect(count).toBe(30)
})

function place({ topic, sequence, id }: LogEvent): string {
  return `${topic}:${sequence}:${id}`
}
