import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../../packages/client/tests-support/seeded-random.js'
import { HostileTarget, closed, flood, readToEnd } from './hostile-target.js'
import {
  callHeader,
  flag,
  frame,
  frameType,
  headerBlock,
  lastRemembered,
  opening,
  preface,
  rememberedField,
} from './http2-frames.js'

const append = '/goethe.v1.EventLog/Append'
let target: HostileTarget

beforeAll(async () => {
  // Whoever has broken the rules is left alone, and closed when it does not answer a ping.
  const args = ['--keepalive-time-ms', '1s', '--keepalive-timeout-ms', '200ms']
  target = await HostileTarget.start({ residentMebibytesMax: 300, args })
})
afterAll(() => target[Symbol.asyncDispose]())
afterEach(() => target.expectWell())

describe('bytes without sense', () => {
  const random = seededRandom(11)
  const randomBytes = (length: number): Buffer => {
    return Buffer.from(Array.from({ length }, () => random() * 256))
  }

  test.each(['grpc', 'http'] as const)('end the connection to the port of %s', async (port) => {
    for (let round = 0; round < 20; round++) {
      const socket = await target.socket(port)
      const answer = readToEnd(socket)
      await flood(socket, [randomBytes(100 + round * 1000)])
      expect(await answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    }
  })

  test('behind a right preface end the connection', async () => {
    for (let round = 0; round < 20; round++) {
      const socket = await target.socket('grpc')
      socket.resume()
      socket.end(Buffer.concat([preface, randomBytes(100 + round * 1000)]))
      await closed(socket)
    }
    expect(await target.metric('goethe_connections{protocol="grpc"}')).toBe(1)
  })
})

describe('a frame against the rules', () => {
  const { data, headers, ping, rstStream, settings, windowUpdate, pushPromise, continuation } =
    frameType
  const bytes = (count: number): Buffer => Buffer.alloc(count, 0xff)

  const wrongFrames: readonly (readonly [string, Buffer])[] = [
    ['a ping of 7 bytes', frame(ping, { payload: bytes(7) })],
    ['settings of 5 bytes', frame(settings, { payload: bytes(5) })],
    [
      'settings with an acknowledgement of something',
      frame(settings, { flags: flag.ack, payload: bytes(6) }),
    ],
    ['a window that grows by nothing', frame(windowUpdate, { payload: Buffer.alloc(4) })],
    [
      'a window that grows too far',
      frame(windowUpdate, { payload: Buffer.from([0x7f, 255, 255, 255]) }),
    ],
    ['16 MiB announced', frame(data, { stream: 1, length: 2 ** 24 - 1, payload: bytes(1000) })],
    ['data of no stream', frame(data, { payload: bytes(10) })],
    ['data of a stream that was never opened', frame(data, { stream: 7, payload: bytes(10) })],
    [
      'the end of a stream that was never opened',
      frame(rstStream, { stream: 7, payload: bytes(4) }),
    ],
    [
      'a stream of the server',
      frame(headers, { stream: 2, flags: flag.endHeaders, payload: callHeader(append) }),
    ],
    ['a promise', frame(pushPromise, { stream: 1, flags: flag.endHeaders, payload: bytes(10) })],
    ['a continuation of nothing', frame(continuation, { stream: 1, payload: bytes(10) })],
    [
      'a header that is none',
      frame(headers, { stream: 1, flags: flag.endHeaders, payload: bytes(100) }),
    ],
    [
      'more padding than there is',
      frame(headers, {
        stream: 1,
        flags: flag.padded | flag.endHeaders,
        payload: Buffer.from([200, 0]),
      }),
    ],
  ]

  test('ends the connection, which is told so', async () => {
    const endings = await Promise.all(
      wrongFrames.map(async ([name, wrong]) => {
        const socket = await target.socket('grpc')
        const answer = readToEnd(socket)
        socket.write(Buffer.concat([opening, wrong]))
        return [name, lastFrameType(Buffer.from(await answer, 'latin1'))]
      }),
    )
    expect(endings).toEqual(wrongFrames.map(([name]) => [name, frameType.goaway]))
  })

  test('but one of an unknown type is passed over', async () => {
    const socket = await target.socket('grpc')
    const unknown = frame(200, { stream: 9, payload: bytes(1000) })
    socket.write(
      Buffer.concat([opening, unknown, frame(ping, { payload: Buffer.from('are you?') })]),
    )
    let answer = Buffer.alloc(0)
    for await (const chunk of socket) {
      answer = Buffer.concat([answer, chunk as Buffer])
      if (answer.includes('are you?')) break
    }
    expect(
      answer.includes(frame(ping, { flags: flag.ack, payload: Buffer.from('are you?') })),
    ).toBe(true)
  })
})

describe('a flood', () => {
  /** So many copies of some bytes in writes of about 64 KiB. */
  function* copies(bytes: Uint8Array, count: number): Generator<Buffer> {
    const each = Math.ceil(65_536 / bytes.length)
    const chunk = Buffer.concat(Array.from({ length: each }, () => bytes))
    for (let sent = 0; sent < count; sent += each) yield chunk
  }

  test.each<[string, Buffer]>([
    ['settings', frame(frameType.settings, { payload: Buffer.from([0, 3, 0, 0, 0, 100]) })],
    ['pings', frame(frameType.ping, { payload: Buffer.alloc(8) })],
  ])('of %s whose answers nobody reads ends the connection', async (_name, one) => {
    const socket = await target.socket('grpc')
    await flood(socket, [opening])
    expect(await flood(socket, copies(one, 5_000_000))).toBe('closed')
  })

  test.each<[string, Buffer]>([
    ['priorities', frame(frameType.priority, { stream: 1, payload: Buffer.alloc(5, 1) })],
    ['frames of unknown type', frame(99, { stream: 1 })],
    [
      'acknowledgements of pings',
      frame(frameType.ping, { flags: flag.ack, payload: Buffer.alloc(8) }),
    ],
  ])('of %s costs no memory', async (_name, one) => {
    const socket = await target.socket('grpc')
    socket.resume()
    await flood(socket, [opening])
    await flood(socket, copies(one, 1_000_000))
    socket.destroy()
    expect(await target.residentBytesPeak()).toBeLessThan(300 * 2 ** 20)
  })

  test('of streams that are reset at once ends the connection', async () => {
    const socket = await target.socket('grpc')
    socket.resume()
    function* resets(): Generator<Buffer> {
      yield opening
      for (let stream = 1; stream < 400_000; stream += 2) {
        yield Buffer.concat([
          frame(frameType.headers, { stream, flags: flag.endHeaders, payload: callHeader(append) }),
          frame(frameType.rstStream, { stream, payload: Buffer.from([0, 0, 0, 8]) }),
        ])
      }
    }
    expect(await flood(socket, resets())).toBe('closed')
  })

  test('of continuations ends the connection', async () => {
    const socket = await target.socket('grpc')
    socket.resume()
    const payload = headerBlock([['x', 'y'.repeat(16_000)]])
    await flood(socket, [
      opening,
      frame(frameType.headers, { stream: 1, payload: callHeader(append) }),
    ])
    const more = frame(frameType.continuation, { stream: 1, payload })
    expect(await flood(socket, copies(more, 100_000))).toBe('closed')
  })

  test('of headers out of one that the table remembers is not unpacked', async () => {
    const socket = await target.socket('grpc')
    socket.resume()
    const references = Buffer.alloc(12_000, lastRemembered)
    const block = Buffer.concat([
      callHeader(append),
      rememberedField('x', 'y'.repeat(3_900)),
      references,
    ])
    function* bombs(): Generator<Buffer> {
      yield opening
      for (let stream = 1; stream < 2_000; stream += 2) {
        yield frame(frameType.headers, {
          stream,
          flags: flag.endHeaders | flag.endStream,
          payload: block,
        })
      }
    }
    await flood(socket, bombs())
    socket.destroy()
    expect(await target.residentBytesPeak()).toBeLessThan(300 * 2 ** 20)
  })
})

function lastFrameType(bytes: Buffer): number | undefined {
  let type: number | undefined
  for (let offset = 0; offset + 9 <= bytes.length; offset += 9 + bytes.readUIntBE(offset, 3)) {
    type = bytes[offset + 3]
  }
  return type
}
