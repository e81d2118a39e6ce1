import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../../packages/client/tests-support/seeded-random.js'
import { HostileTarget } from './hostile-target.js'
import { RawCaller, endOf, message } from './raw-call.js'

const mebibyte = 1024 * 1024
const status = {
  ok: 0,
  unknown: 2,
  invalid: 3,
  exhausted: 8,
  unimplemented: 12,
  internal: 13,
  unauthenticated: 16,
}

/** All methods, as the file says that describes them. */
const proto = readFileSync(
  new URL('../../packages/protocol/proto/goethe/v1/event_log.proto', import.meta.url),
  'utf8',
)
const methods = [...proto.matchAll(/^\s*rpc (\w+)\(/gm)].map(([, name]) => name!)
const legacy = ['Produce', 'Consume'].map((name) => `/io.typusomega.goethe.Goethe/${name}`)
const open = [
  '/grpc.health.v1.Health/Check',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
]

/** Small limits, so that little is needed to exceed them. */
const limits = [
  ...['--limits-message-bytes-max', '8MiB', '--event-bytes-max', '4MiB'],
  ...['--limits-in-flight-bytes', '32MiB'],
]

describe('messages of those who may do anything', () => {
  let target: HostileTarget
  let caller: RawCaller

  beforeAll(async () => {
    target = await HostileTarget.start({ residentMebibytesMax: 320, args: limits })
    caller = await RawCaller.open(target.server.grpc)
  })
  afterAll(async () => {
    caller[Symbol.dispose]()
    await target[Symbol.asyncDispose]()
  })
  afterEach(() => target.expectWell())

  test('that are random are no defect of any method', async () => {
    const random = seededRandom(5)
    for (const method of [...methods, ...legacy, ...open]) {
      for (let round = 0; round < 20; round++) {
        const bytes = Uint8Array.from({ length: round * 5 }, () => random() * 256)
        const { status: code, message: text } = await caller.ask(method, message(bytes))
        expect([method, code]).toEqual([method, expect.any(Number)])
        expect([method, text, status.internal, status.unknown]).not.toContain(code)
        expect(text).not.toMatch(/node_modules|\bat \S+ \(|TypeError/)
      }
    }
  })

  test('that are cut off are refused', async () => {
    const cut = message(new Uint8Array(10), { length: 100 })
    for (const method of methods) {
      expect([method, await caller.ask(method, cut)]).toEqual([
        method,
        { status: status.invalid, message: 'The message ends before it is complete' },
      ])
    }
  })

  test('that are missing are refused', async () => {
    for (const method of ['Append', 'ListTopics', 'Read']) {
      expect(await caller.ask(method, new Uint8Array(0))).toMatchObject({ status: status.invalid })
    }
  })

  test('that claim to be of 4 GiB are refused before they come', async () => {
    for (const method of methods) {
      const stream = caller.begin(method)
      const end = endOf(stream)
      stream.write(message(new Uint8Array(10), { length: 2 ** 32 - 1 }))
      expect([method, await end]).toEqual([
        method,
        {
          status: expect.any(Number),
          message: 'The message has more than 8388608 bytes (limits.messageBytesMax)',
        },
      ])
    }
  })

  test.each([
    ['gzip', Buffer.from('not compressed at all'), status.invalid],
    ['gzip', gzipSync('Faust').subarray(0, 10), status.invalid],
    ['br', Buffer.from('whatever'), status.unimplemented],
  ])('that are not %s as they say are refused (%#)', async (encoding, bytes, expected) => {
    const wrong = message(bytes, { compressed: true })
    const end = await caller.ask('Append', wrong, { 'grpc-encoding': encoding })
    expect(end).toMatchObject({ status: expected })
  })

  test.each(['never', '1'])('with the timeout %s are refused', async (timeout) => {
    const end = await caller.ask('ListTopics', message(new Uint8Array(0)), {
      'grpc-timeout': timeout,
    })
    expect(end).toMatchObject({ status: status.invalid })
  })

  test('that unpack to a thousand times their size are not unpacked all at once', async () => {
    const bomb = message(gzipSync(new Uint8Array(8 * mebibyte)), { compressed: true })
    const ends = await Promise.all(
      Array.from({ length: 200 }, () => caller.ask('Append', bomb, { 'grpc-encoding': 'gzip' })),
    )
    for (const { status: code } of ends) expect([status.invalid, status.exhausted]).toContain(code)
    expect(await target.metric('goethe_in_flight_bytes')).toBe(0)
  })

  test('that unpack to more than a message may have are refused', async () => {
    const bomb = message(gzipSync(new Uint8Array(100 * mebibyte)), { compressed: true })
    expect(await caller.ask('Append', bomb, { 'grpc-encoding': 'gzip' })).toMatchObject({
      message: 'The message has more than 8388608 bytes (limits.messageBytesMax)',
    })
  })

  test('that never end are gathered up to limits.inFlightBytes', async () => {
    const streams = Array.from({ length: 100 }, () => caller.begin('Append'))
    const part = message(new Uint8Array(7 * mebibyte), { length: 8 * mebibyte - 10 })
    let refused = 0
    const enough = new Promise<void>((resolve) => {
      for (const stream of streams) {
        void endOf(stream).then(({ status: code }) => {
          if (code === status.exhausted && ++refused === 96) resolve()
        })
        stream.write(part)
      }
    })
    await enough
    for (const stream of streams) stream.close()
    await expect.poll(() => target.metric('goethe_in_flight_bytes')).toBe(0)
  })
})

describe('messages of those who are not known', () => {
  const token = 'goethe_of-the-witness'
  let target: HostileTarget
  let caller: RawCaller

  beforeAll(async () => {
    const sha256 = createHash('sha256').update(token).digest('hex')
    const grants = [{ topics: '*', rights: ['read', 'append'] }]
    const tokens = JSON.stringify([{ name: 'witness', sha256, grants }])
    target = await HostileTarget.start({
      residentMebibytesMax: 250,
      token,
      args: [...limits, '--http-public-metrics', '--limits-failed-attempts-per-minute', '0'],
      environment: { GOETHE_AUTH_TOKENS: tokens },
    })
    caller = await RawCaller.open(target.server.grpc)
  })
  afterAll(async () => {
    caller[Symbol.dispose]()
    await target[Symbol.asyncDispose]()
  })

  test('are not gathered, so that others have room', async () => {
    const part = message(new Uint8Array(7 * mebibyte), { length: 8 * mebibyte - 10 })
    const streams = Array.from({ length: 100 }, () => caller.begin('Append'))
    const ends = streams.map(endOf)
    for (const stream of streams) stream.write(part)
    await target.expectWell()
    for (const end of await Promise.all(ends)) expect(end.status).toBe(status.unauthenticated)
    await target.expectWell()
  })

  test('are not unpacked', async () => {
    const bomb = message(gzipSync(new Uint8Array(8 * mebibyte)), { compressed: true })
    const ends = Array.from({ length: 100 }, () =>
      caller.ask('Append', bomb, { 'grpc-encoding': 'gzip' }),
    )
    for (const end of await Promise.all(ends)) expect(end.status).toBe(status.unauthenticated)
    await target.expectWell()
  })
})
