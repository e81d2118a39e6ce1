import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { GoetheError } from '@goethe/core'
import { skippingClock } from '../tests-support/hasty-clock.js'
import { Served, untilConnected } from '../tests-support/served.js'
import type { Client } from './client.js'
import type { ConnectOptions } from './options.js'

interface Case {
  signal?: AbortSignal | undefined
}

/** Chunks of an export, for imports. */
let exported: Uint8Array[] = []

async function* chunks(): AsyncGenerator<Uint8Array> {
  await Promise.resolve()
  yield* exported
}

/** Every call of a client that waits for the server, and whether a signal ends it. */
const calls: Record<string, (client: Client, options: Case) => Promise<unknown>> = {
  append: (client, { signal }) => client.append('t', Buffer.from(''), { signal }),
  'append of much': (client, { signal }) => client.append('t', Buffer.alloc(3_000_000), { signal }),
  appendAll: (client, { signal }) =>
    client.appendAll([{ topic: 't', payloads: Buffer.from('') }], { signal }),
  read: (client, { signal }) => client.read('t', { signal }).toArray(),
  'read that follows': (client, { signal }) =>
    client.read('t', { follow: true, from: 'end', limit: 1, signal }).toArray(),
  seek: (client) => client.seek('t', 'end'),
  'cursor.read': (client, { signal }) => client.cursor('t', 'c1').read({ signal }).toArray(),
  'cursor.commit': (client) => client.cursor('t', 'c2').commit({ id: 1n, sequence: 1 }),
  'cursor.seek': (client) => client.cursor('t', 'c3').seek('end'),
  'cursor.lag': (client) => client.cursor('t', 'c').lag(),
  'cursor.position': (client) => client.cursor('t', 'c').position(),
  'cursor.delete': (client) => client.cursor('t', 'c').delete(),
  consumer: (client, { signal }) =>
    client.consumer('t', 'shared', { signal })[Symbol.asyncIterator]().next(),
  topics: (client) => client.topics(),
  describe: (client) => client.describe('t'),
  histogram: (client) => client.histogram('t'),
  cursors: (client) => client.cursors(),
  trim: (client) => client.trim('t', { before: 1 }),
  setRetention: (client) => client.setRetention('t', null),
  deleteTopic: (client) => client.deleteTopic('unused'),
  verify: async (client, { signal }) => {
    for await (const _ of client.verify({ signal }));
  },
  exportTo: (client, { signal }) => client.exportTo(() => undefined, { signal }),
  importFrom: (client, { signal }) => client.importFrom(chunks(), { signal }),
  status: (client) => client.status(),
}

const cases = Object.entries(calls)
const withSignal = [
  'append',
  'append of much',
  'appendAll',
  'read',
  'read that follows',
  'cursor.read',
  'consumer',
  'verify',
  'exportTo',
  'importFrom',
]

/** Generous beside the deadlines of the clients here, and below that of the test. */
const hangMs = 20_000

/** The code of the error with which a call ends, or 'succeeds'. */
async function endOf(call: Promise<unknown>): Promise<string> {
  let stop: (() => void) | undefined
  const hung = new Promise<string>((resolve) => {
    const timer = setTimeout(() => {
      resolve('hangs')
    }, hangMs)
    stop = () => {
      clearTimeout(timer)
    }
  })
  const ended = call.then(
    () => 'succeeds',
    (error: unknown) => {
      if (!(error instanceof GoetheError)) throw error
      return error.code
    },
  )
  try {
    return await Promise.race([ended, hung])
  } finally {
    stop?.()
  }
}

describe('every call ends', () => {
  let served: Served
  beforeAll(async () => {
    served = await Served.start()
    await served.log.append('t', Buffer.from('1'))
    await served.log.exportTo((chunk) => void exported.push(chunk))
  })
  afterEach(() => {
    served.proxy.heal()
  })
  afterAll(async () => {
    exported = []
    await served[Symbol.asyncDispose]()
  })

  const short: ConnectOptions = { deadlineMs: 500, connectTimeoutMs: 500 }
  const noOutcomes = ['hangs', 'GOETHE_INTERNAL', 'GOETHE_DEADLINE', 'GOETHE_UNAVAILABLE']
  const onTime = ['GOETHE_DEADLINE', 'GOETHE_UNAVAILABLE']

  it('when the server freezes before they begin', async () => {
    const client = served.connect(short)
    await untilConnected(client)
    served.proxy.freeze()
    const ends = await Promise.all(
      cases.map(async ([name, call]) => [name, await endOf(call(client, {}))] as const),
    )
    expect(ends.filter(([, end]) => !onTime.includes(end))).toEqual([])
    expect(await endOf(client.close())).toBe('succeeds')
  })

  it('when the server is there and never says a word', async () => {
    served.proxy.freeze()
    const client = served.connect(short)
    const ends = await Promise.all(
      cases.map(async ([name, call]) => [name, await endOf(call(client, {}))] as const),
    )
    expect(ends.filter(([, end]) => end !== 'GOETHE_UNAVAILABLE')).toEqual([])
    expect(await endOf(client.close())).toBe('succeeds')
  })

  it('when there never is a server', async () => {
    served.proxy.refuse()
    const client = served.connect(short)
    const ends = await Promise.all(
      cases.map(async ([name, call]) => [name, await endOf(call(client, {}))] as const),
    )
    expect(ends.filter(([, end]) => end !== 'GOETHE_UNAVAILABLE')).toEqual([])
    expect(await endOf(client.close())).toBe('succeeds')
  })

  it('when the server goes away for good after they began', async () => {
    const client = served.connect(short)
    await untilConnected(client)
    served.proxy.freeze()
    const ending = cases.map(async ([name, call]) => [name, await endOf(call(client, {}))] as const)
    await served
      .connect({ ...short, connectTimeoutMs: 50 })
      .topics()
      .catch(() => undefined)
    served.proxy.refuse()
    served.proxy.cut()
    const ends = await Promise.all(ending)
    expect(ends.filter(([, end]) => !onTime.includes(end))).toEqual([])
    expect(await endOf(client.close())).toBe('succeeds')
  })

  it('when a token is asked for and never comes', async () => {
    const client = served.connect({ ...short, token: () => new Promise<string>(() => undefined) })
    const ends = await Promise.all(
      cases.map(async ([name, call]) => [name, await endOf(call(client, {}))] as const),
    )
    expect(ends.filter(([, end]) => end !== 'GOETHE_UNAVAILABLE')).toEqual([])
  })

  it.each(cases)('when the client closes at any moment: %s', async (_, call) => {
    for (let turns = 0; turns < 12; turns++) {
      const client = served.connect({ deadlineMs: 5000 })
      const ended = endOf(call(client, {}))
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
      expect(await endOf(client.close())).toBe('succeeds')
      expect(noOutcomes).not.toContain(await ended)
    }
  })

  it('when the client closes while the server is frozen', async () => {
    for (const isConnected of [true, false]) {
      const client = served.connect({ deadlineMs: 400, connectTimeoutMs: 400 })
      if (isConnected) await untilConnected(client)
      served.proxy.freeze()
      const ending = cases.map(
        async ([name, call]) => [name, await endOf(call(client, {}))] as const,
      )
      expect(await endOf(client.close())).toBe('succeeds')
      const ends = await Promise.all(ending)
      expect(ends.filter(([, end]) => ![...onTime, 'GOETHE_CLOSED'].includes(end))).toEqual([])
      served.proxy.heal()
    }
  })

  it.each(withSignal)('when the signal fires at any moment: %s', async (name) => {
    const client = served.connect({ deadlineMs: 5000 })
    for (let turns = 0; turns < 12; turns++) {
      const controller = new AbortController()
      const ended = endOf(calls[name]!(client, { signal: controller.signal }))
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
      controller.abort()
      expect(noOutcomes).not.toContain(await ended)
    }
  })

  it.each(withSignal)('when the signal has fired before: %s', async (name) => {
    const client = served.connect()
    const ended = endOf(calls[name]!(client, { signal: AbortSignal.abort() }))
    expect(await ended).toBe('GOETHE_ABORTED')
  })

  it.each(withSignal.filter((name) => !name.startsWith('append')))(
    'when the signal fires while the server is frozen: %s',
    async (name) => {
      const client = served.connect({ deadlineMs: 60_000 })
      await client.topics()
      served.proxy.freeze()
      const controller = new AbortController()
      const ended = endOf(calls[name]!(client, { signal: controller.signal }))
      await new Promise((resolve) => setImmediate(resolve))
      controller.abort()
      expect(await ended).toBe('GOETHE_ABORTED')
    },
  )
})

it('appends that are not sent yet are taken back by the signal, and the others go on', async () => {
  await using served = await Served.start()
  served.proxy.refuse()
  const client = served.connect()
  const controller = new AbortController()
  const { signal } = controller
  const appends = ['1', 'x', '2', 'y', '3'].map((text) =>
    client.append('t', Buffer.from(text), /\d/.test(text) ? {} : { signal }),
  )
  controller.abort()
  served.proxy.heal()
  const results = await Promise.allSettled(appends)
  expect(results.map(({ status }) => status)).toEqual(
    [true, false, true, false, true].map((isDone) => (isDone ? 'fulfilled' : 'rejected')),
  )
  const events = await served.log.read('t').toArray()
  expect(events.map((event) => event.text())).toEqual(['1', '2', '3'])
  for (const [index, result] of results.filter(({ status }) => status === 'fulfilled').entries()) {
    expect(result).toMatchObject({ value: { firstId: events[index]!.id } })
  }
})

it('receipts are right also when callers of the same turn gave up after it was sent', async () => {
  await using served = await Served.start()
  const client = served.connect()
  await client.append('t', Buffer.from('0'))
  const controller = new AbortController()
  const { signal } = controller
  // Through a connection that is cut before the answer, and then there is none for a while.
  served.proxy.cutAfter('down', 0)
  const lost = new Promise((resolve) => client.once('disconnect', resolve))
  const appends = ['1', 'x', '2'].map((text) =>
    client.append('t', Buffer.from(text), text === 'x' ? { signal } : {}),
  )
  const settled = Promise.allSettled(appends)
  served.proxy.refuse()
  await lost
  controller.abort()
  served.proxy.heal()
  const [first, , last] = await settled
  const events = await served.log.read('t').toArray()
  const idOf = (text: string) => events.find((event) => event.text() === text)!.id
  expect(first).toMatchObject({ value: { firstId: idOf('1') } })
  expect(last).toMatchObject({ value: { firstId: idOf('2') } })
})

it('an append waits for its own deadline, and not for that of one before', async () => {
  await using served = await Served.start()
  const clock = skippingClock()
  const client = served.connect({ deadlineMs: 60_000, clock })
  await client.topics()
  served.proxy.refuse()
  served.proxy.cut()
  const first = endOf(client.append('t', Buffer.from('1')))
  clock.skip(30_000)
  const second = endOf(client.append('t', Buffer.from('2')))
  clock.skip(30_000)
  expect(await first).toBe('GOETHE_UNAVAILABLE')
  served.proxy.heal()
  expect(await second).toBe('succeeds')
})

it('an ack that is not answered ends by the deadline, and is stored all the same', async () => {
  await using served = await Served.start()
  await served.log.append('t', Buffer.from('1'))
  const clock = skippingClock()
  const client = served.connect({ deadlineMs: 60_000, clock })
  const deliveries = client.consumer('t', 'c')[Symbol.asyncIterator]()
  const { value } = await deliveries.next()
  served.proxy.freeze()
  const ack = endOf(value!.ack())
  clock.skip(60_000)
  expect(await ack).toBe('GOETHE_DEADLINE')
  served.proxy.heal()
  await deliveries.return?.()
  expect(await served.log.cursor('t', 'c').position()).toMatchObject({ sequence: 1 })
})
