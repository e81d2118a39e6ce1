import { describe, expect, it } from 'vitest'
import { type EventLog, GoetheError, type Receipt, systemClock } from '@goethe/core'
import { Admission } from '../../server/src/admission.js'
import { defaultConfig } from '../../server/src/config.js'
import { everybody } from '../../server/src/identity.js'
import { hastyClock, skippingClock } from '../tests-support/hasty-clock.js'
import { seededRandom } from '../tests-support/seeded-random.js'
import { Served, textsOf } from '../tests-support/served.js'
import { TcpProxy } from '../tests-support/tcp-proxy.js'
import { TestServer, memoryLog } from '../tests-support/test-server.js'
import { connect } from './index.js'

const seeds = [1, 2, 3, 4, 5, 6, 7, 8]

it.each(seeds)(
  'appends are in the log once and in order, wherever the connection is cut (seed %i)',
  async (seed) => {
    await using round = await Round.start(seed)
    for (let step = 0; step < 8; step++) {
      for (let count = 0; count < 60; count++) round.append()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await round.check()
    // Later connections live long enough for the work to end.
    expect(round.proxy.accepted).toBeGreaterThan(1)
  },
)

it('a stream for appends ends when none come, and the next one opens another', async () => {
  await using served = await Served.start({ flags: { keepaliveIdleMs: 1000 } })
  const client = served.connect({ clock: hastyClock() })
  const idle = new Promise<string>((resolve) => {
    // The server closes connections that are idle; one that has a stream is not.
    client.on('disconnect', ({ error }) => {
      resolve(error.code)
    })
  })
  let reconnects = 0
  client.on('reconnect', () => reconnects++)
  await client.append('t', Buffer.from('0'))
  expect(await idle).toBe('GOETHE_UNAVAILABLE')
  await client.append('t', Buffer.from('1'))
  // Attempts that took longer than such a clock leaves them do not count.
  expect(reconnects).toBe(1)
  expect(await textsOf(served.log, 't')).toEqual(['0', '1'])
})

it('an append that was refused each time until its deadline is known to be undone', async () => {
  const log = await memoryLog()
  const message = 'goethe-0 leads, and was not heard of'
  let refusals = 0
  const without = Object.assign(Object.create(log) as EventLog, {
    append() {
      // At last it has so much time before the next attempt that its deadline comes first.
      const retryDelayMs = ++refusals > 4 ? 3_600_000 : 10
      return Promise.reject(
        new GoetheError('GOETHE_UNAVAILABLE', message, { details: { retryDelayMs } }),
      )
    },
  })
  const server = await TestServer.start(without)
  const clock = skippingClock()
  const client = connect(server.address, { clock, deadlineMs: 60_000 })
  let rounds = 0
  client.on('disconnect', () => rounds++)
  // The last one goes behind the others each time.
  const appends = ['a', 'a', 'b'].map((topic) => client.append(topic, Buffer.from('1')))
  const ends = Promise.allSettled(appends)
  await expect.poll(() => rounds).toBe(3)
  clock.skip(60_000)
  for (const end of await ends) {
    expect(end).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'GOETHE_UNAVAILABLE',
        message: `The append was refused each time until its deadline; the last time: ${message}`,
        cause: { message },
      },
    })
  }
  await client.close()
  await server.stop()
  await log.close()
})

it('an append that was refused until its deadline is not sent any more', async () => {
  const log = await memoryLog()
  const clock = skippingClock()
  const refusing = Object.assign(Object.create(log) as EventLog, {
    append() {
      // The next stream is not given up together with the append, as it is younger.
      clock.skip(50_000)
      return Promise.reject(
        new GoetheError('GOETHE_UNAVAILABLE', 'Not now', { details: { retryDelayMs: 10 } }),
      )
    },
  })
  let streams = 0
  let ask!: () => void
  const asked = new Promise<void>((resolve) => (ask = resolve))
  let release!: () => void
  const released = new Promise<void>((resolve) => (release = resolve))
  const server = await TestServer.start(log, {
    context: {
      // The second stream is open, and the server does not say yet that something may be sent.
      async identify() {
        if (++streams < 2) return everybody
        ask()
        await released
        return everybody
      },
      logFor: () => (streams < 2 ? refusing : log),
    },
  })
  const client = connect(server.address, { clock, deadlineMs: 60_000 })
  const late = client.append('t', Buffer.from('late')).catch((error: unknown) => error)
  await asked
  clock.skip(10_000)
  expect(await late).toMatchObject({ code: 'GOETHE_UNAVAILABLE', cause: { message: 'Not now' } })
  const next = client.append('t', Buffer.from('next'))
  release()
  await next
  expect(await textsOf(log, 't')).toEqual(['next'])
  await client.close()
  await server.stop()
  await log.close()
})

it('appends behind a refused one are made, also when the connection is cut', async () => {
  const log = await memoryLog()
  const server = await TestServer.start(log)
  await using proxy = await TcpProxy.start(server.address)
  const client = connect(proxy.address)
  await client.append('t', Buffer.from('0'))
  proxy.cutAfter('down', 0)
  const results = await Promise.allSettled([
    client.append('t', Buffer.from('1')),
    client.append('t', Buffer.from('x'), { expect: 'empty' }),
    client.append('t', Buffer.from('2')),
    client.append('t', Buffer.from('3'), { expect: 3 }),
  ])
  expect(results.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ])
  const texts = (await log.read('t').toArray()).map(({ payload }) => textOf(payload))
  expect(texts).toEqual(['0', '1', '2', '3'])
  await client.close()
  await server.stop()
  await log.close()
})

it('an append without a producer that was cut off is of unknown outcome, and not made twice', async () => {
  const log = await memoryLog()
  const server = await TestServer.start(log)
  await using proxy = await TcpProxy.start(server.address)
  const client = connect(proxy.address, { idempotent: false })
  await client.append('t', Buffer.from('0'))
  proxy.cutAfter('down', 0)
  await expect(client.append('t', Buffer.from('1'))).rejects.toMatchObject({
    code: 'GOETHE_OUTCOME_UNKNOWN',
  })
  await client.append('t', Buffer.from('2'))
  const texts = (await log.read('t').toArray()).map(({ payload }) => textOf(payload))
  expect(texts).toEqual(['0', '1', '2'])
  await client.close()
  await server.stop()
  await log.close()
})

describe('a server that does not know how an append ended, since it lost the lead meanwhile,', () => {
  /** It stores the first one, and says all the same that it does not know. */
  async function unknowing(): Promise<{ log: EventLog; server: TestServer; calls(): number }> {
    const log = await memoryLog()
    let calls = 0
    const append: EventLog['append'] = async (...appended) => {
      const receipt = await log.append(...appended)
      if (calls++ > 0) return receipt
      throw new GoetheError('GOETHE_OUTCOME_UNKNOWN', 'The lead was lost')
    }
    const served = new Proxy(log, {
      get(target, name) {
        if (name === 'append') return append
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const server = await TestServer.start(log, { context: { logFor: () => served } })
    return { log, server, calls: () => calls }
  }

  it('is asked once more, and the append is stored once', async () => {
    const { log, server, calls } = await unknowing()
    const client = connect(server.address, { clock: hastyClock() })
    const appends = ['1', '2', '3'].map((text) => client.append('t', Buffer.from(text)))
    const receipts = await Promise.all(appends)
    expect(receipts.map(({ firstSequence }) => firstSequence)).toEqual([1, 2, 3])
    expect(await textsOf(log, 't')).toEqual(['1', '2', '3'])
    expect(calls()).toBeGreaterThan(1)
    await client.close()
    await server.stop()
    await log.close()
  })

  it('is not asked again where that could store it twice', async () => {
    const { log, server } = await unknowing()
    const client = connect(server.address, { idempotent: false, clock: hastyClock() })
    await expect(client.append('t', Buffer.from('1'))).rejects.toMatchObject({
      code: 'GOETHE_OUTCOME_UNKNOWN',
      message: 'The lead was lost',
    })
    await client.append('t', Buffer.from('2'))
    expect(await textsOf(log, 't')).toEqual(['1', '2'])
    await client.close()
    await server.stop()
    await log.close()
  })
})

it('appends with producers of their own are made once when the answers are cut off', async () => {
  await using served = await Served.start()
  const client = served.connect({ clock: hastyClock() })
  await client.append('t', Buffer.from('0'))
  for (let round = 0; round < 5; round++) {
    served.proxy.cutAfter('down', round * 20)
    const appends = Array.from({ length: 30 }, (_, index) => {
      const sequence = round * 30 + index + 1
      const producer = { id: 'mine', sequence }
      return client.append('t', Buffer.from(`${sequence}`), { producer })
    })
    await Promise.all(appends)
  }
  const expected = Array.from({ length: 151 }, (_, index) => `${index}`)
  expect(await textsOf(served.log, 't')).toEqual(expected)
})

it('appends keep their order when the server refuses some of them for a while', async () => {
  const clock = systemClock()
  const admission = new Admission(defaultConfig({}).limits, clock)
  let refusals = 6
  let calls = 0
  const admit = admission.bytes.bind(admission)
  admission.bytes = (count) => {
    if (calls++ % 3 !== 1 || refusals-- <= 0) return admit(count)
    throw new GoetheError('GOETHE_LIMIT', 'Too much', { details: { retryDelayMs: 1 } })
  }
  await using served = await Served.start({ context: { admission } })
  const client = served.connect({ clock: hastyClock() })
  // Each is a message of its own, or nearly.
  const appends = Array.from({ length: 60 }, (_, index) =>
    client.append(`t${index % 2}`, payload(`${index}`, 600_000)),
  )
  await Promise.all(appends)
  expect(refusals).toBeLessThan(6)
  for (const remainder of [0, 1]) {
    const events = await served.log.read(`t${remainder}`).toArray()
    expect(events.map((event) => textOf(event.payload))).toEqual(
      appends.map((_, index) => `${index}`).filter((text) => Number(text) % 2 === remainder),
    )
  }
})

/** Appends of all kinds through connections that are cut at random places. */
class Round {
  readonly proxy: TcpProxy
  readonly #random: () => number
  readonly #log: Awaited<ReturnType<typeof memoryLog>>
  readonly #server: TestServer
  readonly #client: ReturnType<typeof connect>
  readonly #pending: Promise<void>[] = []
  /** What was acknowledged, by topic, in the order of calls. */
  readonly #acknowledged = new Map<string, { text: string; receipt?: Receipt }[]>()
  #made = 0
  #conflicts = 0

  private constructor(
    seed: number,
    log: Awaited<ReturnType<typeof memoryLog>>,
    server: TestServer,
    proxy: TcpProxy,
  ) {
    this.#random = seededRandom(seed)
    this.#log = log
    this.#server = server
    this.proxy = proxy
    let cuts = 8
    proxy.onAccept((left) => {
      if (cuts-- <= 0) return
      // Small connections die before they have said anything, large ones in the middle of it.
      left.up = this.#below(3) === 0 ? this.#below(400) : 400 + this.#below(200_000)
      left.down = this.#below(3) === 0 ? this.#below(400) : 400 + this.#below(3000)
    })
    this.#client = connect(proxy.address, { random: this.#random, clock: hastyClock() })
  }

  static async start(seed: number): Promise<Round> {
    const log = await memoryLog()
    const server = await TestServer.start(log)
    return new Round(seed, log, server, await TcpProxy.start(server.address))
  }

  append(): void {
    const text = String(this.#made++)
    const topic = `t${this.#below(5)}`
    switch (this.#below(20)) {
      case 0:
        // No topic is at this sequence: refused, each time it is said.
        this.#note(this.#client.append(topic, Buffer.from(text), { expect: 1_000_000 }), [])
        return
      case 1:
        this.#note(this.#client.append(topic, payload(text, 50_000 + this.#below(300_000))), [
          [topic, text],
        ])
        return
      case 2: {
        const texts = [text, `${text}b`, `${text}c`]
        const appended = this.#client.append(
          topic,
          texts.map((one) => Buffer.from(one)),
        )
        this.#note(
          appended,
          texts.map((one) => [topic, one]),
        )
        return
      }
      case 3: {
        const entries = ['all1', 'all2'].map((name) => ({
          topic: name,
          payloads: payload(text, 0),
        }))
        this.#note(this.#client.appendAll(entries), [
          ['all1', text],
          ['all2', text],
        ])
        return
      }
      case 4: {
        const rare = `rare${this.#below(10_000)}`
        this.#note(this.#client.append(rare, Buffer.from(text)), [[rare, text]])
        return
      }
      default:
        this.#note(this.#client.append(topic, Buffer.from(text)), [[topic, text]])
    }
  }

  async check(): Promise<void> {
    await Promise.all(this.#pending)
    expect(this.#conflicts).toBeGreaterThan(0)
    for (const [topic, acknowledged] of this.#acknowledged) {
      const events = await this.#log.read(topic).toArray()
      expect(events.map(({ payload }) => textOf(payload))).toEqual(
        acknowledged.map(({ text }) => text),
      )
      for (const [index, { receipt }] of acknowledged.entries()) {
        if (receipt === undefined) continue
        expect(receipt.firstId).toBe(events[index]!.id)
        expect(receipt.firstSequence).toBe(events[index]!.sequence)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close()
    await this.proxy.stop()
    await this.#server.stop()
    await this.#log.close()
  }

  #note(appended: Promise<Receipt | Receipt[]>, parts: readonly (readonly [string, string])[]) {
    const entries = parts.map(([topic, text]) => {
      const entry: { text: string; receipt?: Receipt } = { text }
      const known = this.#acknowledged.get(topic)
      if (known === undefined) this.#acknowledged.set(topic, [entry])
      else known.push(entry)
      return entry
    })
    this.#pending.push(
      appended.then(
        (receipts) => {
          const list = Array.isArray(receipts) ? receipts : [receipts]
          for (const [index, receipt] of list.entries()) entries[index]!.receipt = receipt
        },
        (error: unknown) => {
          if (!(error instanceof GoetheError) || error.code !== 'GOETHE_CONFLICT') throw error
          this.#conflicts++
        },
      ),
    )
  }

  #below(max: number): number {
    return Math.floor(this.#random() * max)
  }
}

/** Its text, and behind it zeros up to a size. */
function payload(text: string, size: number): Uint8Array {
  const bytes = Buffer.alloc(Math.max(size, text.length))
  bytes.write(text)
  return bytes
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return Buffer.from(bytes.subarray(0, end === -1 ? undefined : end)).toString()
}
