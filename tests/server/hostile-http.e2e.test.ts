import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { HostileTarget, closed, flood, readToEnd } from './hostile-target.js'

let target: HostileTarget

beforeAll(async () => {
  const args = [
    ...['--limits-message-bytes-max', '8MiB', '--event-bytes-max', '4MiB'],
    ...['--keepalive-handshake-timeout-ms', '1s'],
  ]
  target = await HostileTarget.start({ residentMebibytesMax: 300, args })
})
afterAll(() => target[Symbol.asyncDispose]())
afterEach(() => target.expectWell())

interface Answer {
  status: number
  body: string
}

/** Sends bytes as they are, and gives all answers that come back. */
async function raw(...parts: (string | Uint8Array)[]): Promise<Answer[]> {
  const socket = await target.socket('http')
  const answers = readToEnd(socket)
  // Not ended: whoever hangs up gets no answer.
  socket.write(Buffer.concat(parts.map((part) => Buffer.from(part as string, 'latin1'))))
  return answersIn(await answers)
}

function answersIn(text: string): Answer[] {
  return text
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .filter((part) => part !== '')
    .map((part) => ({
      status: Number(part.slice(9, 12)),
      body: part.slice(part.indexOf('\r\n\r\n') + 4),
    }))
}

const host = 'Host: localhost\r\n'
const get = (path: string, headers = ''): string => `GET ${path} HTTP/1.1\r\n${host}${headers}\r\n`
const post = (path: string, headers: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\n${host}${headers}\r\n${body}`
const json = (body: string): string =>
  `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`

/** Refused with words, and without a word about the inside. */
function assertClear({ status, body }: Answer, statuses: readonly number[]): void {
  expect(statuses).toContain(status)
  expect(body).not.toMatch(/node_modules|\bat \S+ \(|\.js:\d+|TypeError|"stack"/)
}

describe('a path', () => {
  const events = (topic: string): string => `/v1/topics/${topic}/events`

  test.each([
    ['with a zero byte', events('a%00b')],
    ['with a control character', events('a%1fb')],
    ['with a zero byte at its end', events('a%00')],
    ['that is not UTF-8', events('%ff%fe')],
    ['that is cut off in a character', events('%e2%82')],
    ['with a broken escape', events('%zz')],
    ['with half of an escape', '/v1/topics/%'],
    ['with a colon in the topic', events('a%3Ab')],
    ['with a topic of 256 bytes', events('x'.repeat(256))],
    ['with a topic of 10,000 bytes', events('x'.repeat(10_000))],
    ['that leads out of topics', '/v1/topics/..%2f..%2f..%2fetc%2fpasswd'],
    ['that leads out of topics, escaped twice', '/v1/topics/%252e%252e%252fetc/passwd'],
    ['that leads out of everything', '/../../../../etc/passwd'],
    ['with backslashes', '/v1/topics/..\\..\\etc\\passwd'],
    ['that names the prototype', '/v1/__proto__'],
    ['that names a method of objects', '/v1/topics/constructor/prototype'],
    ['that is a whole address', 'http://169.254.169.254/latest/meta-data'],
    ['that is a star', '*'],
    ['with a semicolon', '/v1/topics;admin=true'],
    ['with slashes only', '////////'],
  ])('%s is refused', async (_name, path) => {
    const [answer] = await raw(get(path, 'connection: close\r\n'))
    assertClear(answer!, [400, 404, 414])
  })

  test('of a topic that is called like the prototype is a topic like others', async () => {
    for (const topic of ['__proto__', 'constructor', 'toString', '..%2fx']) {
      const path = `${target.server.url}${events(topic)}`
      expect((await fetch(path, { method: 'POST', body: 'Faust' })).status).toBe(200)
      const read = (await (await fetch(path)).json()) as { events: { text: string }[] }
      expect(read.events).toHaveLength(1)
    }
    expect(await target.client.topics()).toEqual(
      expect.arrayContaining(['__proto__', 'constructor', 'toString', '../x']),
    )
  })
})

describe('a query', () => {
  test.each([
    'limit=-1',
    'limit=NaN',
    'limit=1&limit=2',
    'limit[]=1',
    'from=%00',
    'from=-99999999999999999999d',
    `from=${'9'.repeat(10_000)}`,
    'from=9999-99-99',
    'to=1e400',
    'follow=maybe',
    '__proto__[limit]=1',
    '__proto__=1',
    'constructor=1',
    'hasOwnProperty=1',
    'unknown=1',
    `${'a=1&'.repeat(3_000)}`,
  ])('?%s is refused', async (query) => {
    const [answer] = await raw(get(`/v1/topics/witness/events?${query}`, 'connection: close\r\n'))
    assertClear(answer!, [400, 414, 431])
  })
})

describe('headers', () => {
  const body = '{"entries":[]}'

  test.each([
    ['two lengths', `content-length: 3\r\ncontent-length: 4\r\n`],
    ['a length and chunks', `content-length: 3\r\ntransfer-encoding: chunked\r\n`],
    ['chunks that are not the last coding', `transfer-encoding: chunked, gzip\r\n`],
    ['chunks written in a strange way', `transfer-encoding: xchunked\r\n`],
    ['a length that is none', `content-length: 3x\r\n`],
    ['a negative length', `content-length: -1\r\n`],
    ['a length beyond all numbers', `content-length: 99999999999999999999999\r\n`],
    ['a space before the colon', `content-length : 3\r\n`],
    ['a folded line', `x: a\r\n b\r\ncontent-length : 3\r\n`],
    ['a zero byte', `x: a\0b\r\n`],
    ['a bare carriage return', `x: a\rb\r\n`],
    ['17 KiB', `x: ${'y'.repeat(17 * 1024)}\r\n`],
    ['2,000 fields', 'x: y\r\n'.repeat(2_000) + `z: ${'z'.repeat(10_000)}\r\n`],
  ])('with %s are refused, and what comes behind them is no request', async (_name, headers) => {
    const smuggled = get('/v1/status')
    const path = '/v1/topics/smuggled/events'
    const answers = await raw(post(path, headers, `0\r\n\r\n${smuggled}`))
    expect(answers).toHaveLength(1)
    assertClear(answers[0]!, [400, 413, 431])
    expect(await target.client.topics()).not.toContain('smuggled')
  })

  test.each([
    ['no host', `GET /v1/topics HTTP/1.1\r\n\r\n`],
    ['another version', `GET /v1/topics HTTP/9.9\r\n${host}\r\n`],
    ['no version', `GET /v1/topics\r\n\r\n`],
    ['a method that is none', `F\x01O /v1/topics HTTP/1.1\r\n${host}\r\n`],
    ['the start of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['the start of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('with %s are refused', async (_name, text) => {
    const answers = await raw(text)
    expect(answers).toHaveLength(1)
    assertClear(answers[0]!, [400, 403, 505])
  })

  test('that ask for another protocol are answered as if they did not', async () => {
    const upgrade = 'connection: upgrade, close\r\nupgrade: websocket\r\nexpect: 100-continue\r\n'
    const answers = await raw(get('/v1/topics', upgrade))
    expect(answers.at(-1)?.status).toBe(200)
  })

  test.each(['GET', 'HEAD', 'TRACE', 'CONNECT', 'DELETE', 'OPTIONS', 'PROPFIND', 'BREW'])(
    'of the method %s where there is none are no defect',
    async (method) => {
      const answers = await raw(
        `${method} /v1/append-all HTTP/1.1\r\n${host}connection: close\r\n\r\n`,
      )
      for (const answer of answers) assertClear(answer, [204, 400, 404, 405, 501])
    },
  )

  test('lengths and bodies are believed only when they fit', async () => {
    const [answer] = await raw(post('/v1/append-all', `${json(body)}connection: close\r\n`, body))
    assertClear(answer!, [400])
  })
})

describe('a body', () => {
  const bomb = gzipSync(new Uint8Array(16 * 1024 * 1024))
  const deep = (open: string, close: string): string => open.repeat(200_000) + close.repeat(200_000)

  test.each([
    ['that is not JSON', '{'],
    ['that is nothing', ''],
    ['of arrays 200,000 deep', deep('[', ']')],
    ['of objects 200,000 deep', deep('{"a":', '') + '1' + '}'.repeat(200_000)],
    ['with the prototype', '{"entries":[],"__proto__":{"admin":true}}'],
    ['with a constructor', '{"entries":[],"constructor":{"prototype":{"admin":true}}}'],
    ['with the prototype inside', '{"entries":[{"topic":"t","__proto__":{"x":1},"events":[]}]}'],
    ['of a number', '1e999'],
    ['of null', 'null'],
    ['with a length that is none', '{"entries":{"length":1e9}}'],
    ['with half of a character', '{"entries":[{"topic":"\\ud800","events":[{"text":"x"}]}]}'],
    ['with a topic that is an object', '{"entries":[{"topic":{"toString":1},"events":[]}]}'],
  ])('%s is refused', async (_name, text) => {
    const [answer] = await raw(post('/v1/append-all', `${json(text)}connection: close\r\n`, text))
    assertClear(answer!, [400])
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
  })

  test('that is not UTF-8 is refused as JSON', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"entries":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ])
    const head = `content-type: application/json\r\ncontent-length: ${bytes.length}\r\nconnection: close\r\n`
    const [answer] = await raw(post('/v1/append-all', head, ''), bytes)
    assertClear(answer!, [400])
  })

  test('that claims to be of 4 GiB is refused before it comes', async () => {
    const socket = await target.socket('http')
    const answer = readToEnd(socket)
    socket.write(post('/v1/topics/t/events', 'content-length: 4294967296\r\n', 'x'))
    assertClear(answersIn(await answer)[0]!, [413, 429])
  })

  test('of chunks without an end is refused once it is too large', async () => {
    const socket = await target.socket('http')
    const answer = readToEnd(socket)
    socket.write(post('/v1/topics/t/events', 'transfer-encoding: chunked\r\n', ''))
    function* chunks(): Generator<Buffer> {
      const chunk = Buffer.concat([
        Buffer.from('10000\r\n'),
        Buffer.alloc(65_536),
        Buffer.from('\r\n'),
      ])
      for (let sent = 0; sent < 1_000; sent++) yield chunk
    }
    await flood(socket, chunks())
    const [first] = answersIn(await answer)
    if (first !== undefined) assertClear(first, [413])
    await expect.poll(() => target.metric('goethe_in_flight_bytes')).toBe(0)
  })

  test.each(['gzip', 'br', 'deflate', 'identity, gzip', 'nonsense'])(
    'that is compressed by %s is refused, and not taken for an event',
    async (coding) => {
      const head = `content-encoding: ${coding}\r\ncontent-length: ${bomb.length}\r\nconnection: close\r\n`
      const [answer] = await raw(post('/v1/topics/compressed/events', head, ''), bomb)
      assertClear(answer!, [415])
      expect(await target.client.topics()).not.toContain('compressed')
    },
  )
})

describe('who is slow', () => {
  test('with a head is cut off after keepalive.handshakeTimeoutMs', async () => {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => target.socket('http')))
    const answers = sockets.map(readToEnd)
    for (const socket of sockets) socket.write(`GET /v1/topics HTTP/1.1\r\n${host}x: `)
    // A byte now and then, as if more were to come.
    const drip = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write('y')
    }, 50)
    try {
      for (const answer of await Promise.all(answers)) {
        expect(answersIn(answer)[0]?.status ?? 408).toBe(408)
      }
    } finally {
      clearInterval(drip)
    }
  })

  test('with the first bytes of gRPC is cut off as well', async () => {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => target.socket('grpc')))
    for (const socket of sockets) socket.resume().write('PRI * HTTP')
    await Promise.all(sockets.map(closed))
    expect(await target.metric('goethe_connections{protocol="grpc"}')).toBe(1)
  })
})
