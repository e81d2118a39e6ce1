import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type TestServer, startTestServer } from '../../tests-support/test-server.js'

let server: TestServer
beforeEach(async () => {
  server = await startTestServer({ flags: { limitsMessageBytesMax: '17MiB' } })
})
afterEach(() => server[Symbol.asyncDispose]())

const ndjson = { 'content-type': 'application/x-ndjson' }
const read = async (topic: string, query = ''): Promise<Record<string, any>[]> =>
  (await server.get(`/v1/topics/${encodeURIComponent(topic)}/events${query}`)).json['events']

describe('appending', () => {
  test('a body of any type is one event, byte by byte', async () => {
    const bytes = new Uint8Array([0, 255, 10, 13])
    const { status, json } = await server.send('POST', '/v1/topics/a/events', bytes, {
      'content-type': 'image/png',
    })
    expect(status).toBe(200)
    expect(json).toMatchObject({ topic: 'a', firstSequence: 1, count: 1, durability: 'os' })
    expect(json['firstId']).toMatch(/^\d{19}$/)
    expect(await read('a')).toMatchObject([{ payloadBase64: 'AP8KDQ==' }])
  })

  test('a JSON object is one event as it was written', async () => {
    const body = '{ "b": 1,  "a": 2 }'
    await server.send('POST', '/v1/topics/a/events', body, { 'content-type': 'application/json' })
    expect(await read('a')).toMatchObject([{ payload: body }])
  })

  test('a JSON list is several events, of any kind of payload', async () => {
    const events = [{ payload: 'ä' }, { payloadJson: { x: [1] } }, { payloadBase64: '/w==' }]
    const { json } = await server.send('POST', '/v1/topics/a/events', events)
    expect(json).toMatchObject({ count: 3, lastSequence: 3 })
    expect(await read('a', '?payload=json')).toMatchObject([
      { payload: 'ä' },
      { payloadJson: { x: [1] } },
      { payloadBase64: '/w==' },
    ])
  })

  test('raw makes one event of a JSON list', async () => {
    await server.send('POST', '/v1/topics/a/events?raw=true', [1, 2])
    expect(await read('a')).toMatchObject([{ payload: '[1,2]' }])
  })

  test('lines of JSON are several events, empty lines are none', async () => {
    const body = '{"payload":"1"}\r\n\n{"payload":"2"}'
    const { json } = await server.send('POST', '/v1/topics/a/events', body, ndjson)
    expect(json).toMatchObject({ count: 2 })
  })

  test('pages of events of early 1970 go back to the first as well', async () => {
    for (const topic of ['other', 'early', 'early', 'early']) {
      await server.send('POST', `/v1/topics/${topic}/events?time=1970-01-01`, 'x')
    }
    const sequences: number[] = []
    let from = ''
    for (let page = 0; page < 3; page++) {
      const { json } = await server.get(`/v1/topics/early/events?limit=1&reverse=true${from}`)
      sequences.push(json['events'][0].sequence as number)
      from = `&from=${json['next']}`
    }
    expect(sequences).toEqual([3, 2, 1])
  })

  test.each([
    ['/v1/topics/a/events', '[{"payloadJson":9007199254740993}]', 'application/json'],
    ['/v1/topics/a/events', '{"payloadJson":9007199254740993}', 'application/x-ndjson'],
    [
      '/v1/append-all',
      '{"entries":[{"topic":"a","events":[{"payloadJson":9007199254740993}]}]}',
      'application/json',
    ],
    ['/v1/topics/a/trim', '{"before":1769860800000000001}', 'application/json'],
    ['/v1/topics/a/cursors/c/seek', '{"to":1769860800000000001}', 'application/json'],
  ])('%s does not take another number for that in %s', async (path, body, type) => {
    const { status, json } = await server.send('POST', path, body, { 'content-type': type })
    expect(status).toBe(400)
    expect(json['message']).toMatch(/number \d+, of which digits would be lost; write it as text/)
  })

  test('a body of JSON that is no UTF-8 is refused, and not changed', async () => {
    const body = Buffer.from('{"entries":[{"topic":"a","events":[{"payload":"\xff"}]}]}', 'latin1')
    const { status, json } = await server.send('POST', '/v1/append-all', body, {
      'content-type': 'application/json',
    })
    expect([status, json['code']]).toEqual([400, 'GOETHE_INVALID_ARGUMENT'])
  })

  test('an empty body is an empty event', async () => {
    await server.send('POST', '/v1/topics/a/events')
    expect(await read('a')).toMatchObject([{ payload: '' }])
  })

  test('an expectation that is not met is a conflict that tells the last event', async () => {
    await server.send('POST', '/v1/topics/a/events?expect=empty', 'x')
    const { status, json, headers } = await server.send('POST', '/v1/topics/a/events', 'y', {
      'goethe-expect': 'empty',
    })
    expect(status).toBe(409)
    expect(headers.get('content-type')).toContain('application/problem+json')
    expect(json).toMatchObject({
      code: 'GOETHE_CONFLICT',
      status: 409,
      details: { topic: 'a', lastId: expect.stringMatching(/^\d+$/), lastSequence: 1 },
    })
    expect((await server.send('POST', '/v1/topics/a/events?expect=seq:1', 'y')).status).toBe(200)
  })

  test.each(['', 'x', '1.5', '0x1'])('%j is no sequence of a producer', async (sequence) => {
    const { status, json } = await server.send('POST', '/v1/topics/a/events', 'x', {
      'goethe-producer-id': 'till-3',
      'goethe-producer-sequence': sequence,
    })
    expect([status, json['code']]).toEqual([400, 'GOETHE_INVALID_ARGUMENT'])
    expect(json['message']).toContain('should be a whole number from 0')
  })

  test('a condition that is none says what one is', async () => {
    const { status, json } = await server.send('POST', '/v1/topics/a/events?expect=5th', 'x')
    expect(status).toBe(400)
    expect(json['message']).toContain("'empty', an id, or seq:<sequence>")
  })

  test('a producer that repeats itself appends once', async () => {
    const path = '/v1/topics/a/events?producerId=till&producerSequence=1'
    await server.send('POST', path, 'x')
    expect((await server.send('POST', path, 'x')).json).toMatchObject({ repeated: true })
    expect(await read('a')).toHaveLength(1)
  })

  test('several topics are appended to together or not at all', async () => {
    const entries = [
      { topic: 'a', events: [{ payload: '1' }] },
      { topic: 'b', events: [{ payload: '2' }], expect: 'empty' },
    ]
    const first = await server.send('POST', '/v1/append-all', { entries })
    expect(first.json['receipts']).toMatchObject([{ topic: 'a' }, { topic: 'b' }])
    expect((await server.send('POST', '/v1/append-all', { entries })).status).toBe(409)
    expect(await read('a')).toHaveLength(1)
  })

  test.each([
    ['no JSON', '[', 'application/json', 'The body is no JSON'],
    ['an empty list', '[]', 'application/json', 'The body holds no event'],
    ['a line that is no JSON', '{"payload":"a"}\nx', 'application/x-ndjson', 'Line 2 is no JSON'],
    ['a number', '[1]', 'application/json', 'The event [0] is no object'],
    ['an unknown field', '[{"text":"a"}]', 'application/json', "unknown field 'text'"],
    ['two payloads', '[{"payload":"","payloadJson":1}]', 'application/json', 'has 2 of these'],
    ['a wrong type', '[{"payload":1}]', 'application/json', 'a payload that is no text'],
    ['lone surrogates', '[{"payload":"\\ud800"}]', 'application/json', 'lone surrogates'],
    ['bad base64', '[{"payloadBase64":"*"}]', 'application/json', 'no base64'],
  ])('%s is refused and appends nothing', async (_, body, type, message) => {
    const answer = await server.send('POST', '/v1/topics/a/events', body, { 'content-type': type })
    expect(answer.status).toBe(400)
    expect(answer.json['code']).toBe('GOETHE_INVALID_ARGUMENT')
    expect(answer.json['message']).toContain(message)
    expect((await server.get('/v1/topics/a')).status).toBe(404)
  })

  test('a body beyond limits.messageBytesMax is refused', async () => {
    const body = new Uint8Array(17 * 1024 * 1024 + 1)
    const answer = await server.send('POST', '/v1/topics/a/events', body)
    expect(answer).toMatchObject({ status: 413, json: { code: 'GOETHE_EVENT_TOO_LARGE' } })
  })

  test('an event beyond eventBytesMax is refused', async () => {
    const body = new Uint8Array(16 * 1024 * 1024 + 1)
    const answer = await server.send('POST', '/v1/topics/a/events', body)
    expect(answer).toMatchObject({ status: 413, json: { code: 'GOETHE_EVENT_TOO_LARGE' } })
  })
})

describe('names of topics', () => {
  test.each(['a/b', '../x', 'ä ö%', '日本?#&+', '%2F', "it's", 'x'.repeat(255), '語'.repeat(85)])(
    '%s is a topic',
    async (topic) => {
      const path = `/v1/topics/${encodeURIComponent(topic)}`
      expect((await server.send('POST', `${path}/events`, 'x')).json['topic']).toBe(topic)
      expect((await server.get(path)).json['topic']).toBe(topic)
      expect((await server.get('/v1/topics')).json['topics']).toEqual([topic])
    },
  )

  test('.. is a topic for those who send it as it is, and readable for everybody', async () => {
    expect(await rawStatus(server.url, 'POST', '/v1/topics/%2E%2E/events', 'x')).toBe(200)
    expect((await server.get('/v1/events?topic=..')).json['events']).toMatchObject([
      { topic: '..' },
    ])
  })

  test.each(['*', 'a:b', '\n', 'x'.repeat(256)])('%j is none', async (topic) => {
    const path = `/v1/topics/${encodeURIComponent(topic)}/events`
    expect((await server.get(path)).status).toBe(400)
    expect((await server.send('POST', path, 'x')).status).toBe(400)
  })

  test('a malformed escape is a wrong request', async () => {
    expect(await rawStatus(server.url, 'GET', '/v1/topics/%zz/events')).toBe(400)
    expect(await rawStatus(server.url, 'GET', '/v1/topics/%ff/events')).toBe(400)
  })
})

describe('reading', () => {
  beforeEach(async () => {
    for (const payload of ['1', '2', '3']) {
      await server.send('POST', '/v1/topics/a/events', payload)
      await server.send('POST', '/v1/topics/ab/events', payload)
    }
  })

  const payloads = (events: Record<string, any>[]) => events.map(({ payload }) => payload)

  test.each([
    ['', ['1', '2', '3']],
    ['?reverse=true', ['3', '2', '1']],
    ['?from=seq:2', ['2', '3']],
    ['?from=end', []],
    ['?from=-1h', ['1', '2', '3']],
    ['?to=2020-01-01', []],
    ['?from=2020-01-01T00:00%2B02:00&limit=1', ['1']],
    ['?from=2020-01-01T00:00+02:00&limit=1', ['1']],
    ['?from=2&limit=1', ['2']],
    ['?limit=0', []],
  ])('%s finds %j', async (query, expected) => {
    expect(payloads(await read('a', query))).toEqual(expected)
  })

  test('a page tells where the next one begins, forward and in reverse', async () => {
    for (const reverse of ['', '&reverse=true']) {
      const found: string[] = []
      let from = ''
      for (;;) {
        const { json } = await server.get(`/v1/topics/a/events?limit=1${reverse}${from}`)
        found.push(...payloads(json['events']))
        if (json['next'] === undefined) break
        from = `&from=${json['next']}`
      }
      expect(found).toEqual(reverse === '' ? ['1', '2', '3'] : ['3', '2', '1'])
    }
  })

  test('JSON is shown as it was written, on one line', async () => {
    const payload = '{ "id":\r\n12345678901234567890, "a\\n": 1.0 }'
    await server.send('POST', '/v1/topics/json/events', payload)
    const { text } = await server.get('/v1/topics/json/events?payload=json')
    expect(text).toContain('"payloadJson":{ "id": 12345678901234567890, "a\\n": 1.0 }}')
  })

  test('all topics and those with a prefix come in the order of the log', async () => {
    const all = await server.get('/v1/events')
    expect(payloads(all.json['events'])).toEqual(['1', '1', '2', '2', '3', '3'])
    const some = await server.get('/v1/events?prefix=ab')
    expect(payloads(some.json['events'])).toEqual(['1', '2', '3'])
  })

  test('lines of JSON are as many as there are events', async () => {
    const { text, headers } = await server.get('/v1/events', { accept: 'application/x-ndjson' })
    expect(headers.get('content-type')).toContain('application/x-ndjson')
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).payload),
    ).toHaveLength(6)
  })

  test('seek finds the nearest event, or null', async () => {
    const { json } = await server.get('/v1/topics/a/seek?at=seq:2')
    expect(json).toMatchObject({ event: { sequence: 2, payload: '2' } })
    const none = await server.get('/v1/topics/a/seek?at=2100-01-01')
    expect(none.json).toEqual({ event: null })
    const previous = await server.get('/v1/topics/a/seek?at=2100-01-01&nearest=previous')
    expect(previous.json).toMatchObject({ event: { sequence: 3 } })
  })

  test.each([
    ['?from=1767225600', "'from' is '1767225600', but should be seq:1767225600"],
    ['?from=yesterday', "'from' is 'yesterday'"],
    ['?to=seq:5', "'to' is 'seq:5'"],
    ['?limit=-1', 'The query at limit must be >= 0'],
    ['?limit=x', 'The query at limit must be integer'],
    ['?form=start', "The query has an unknown field 'form'"],
    ['?payload=xml', 'text,json,base64'],
    ['?follow=true&reverse=true', "'follow' goes forward"],
  ])('%s says what is wrong', async (query, message) => {
    const { status, json } = await server.get(`/v1/topics/a/events${query}`)
    expect(status).toBe(400)
    expect(json['message']).toContain(message)
  })

  test('an answer is a line', async () => {
    for (const path of ['/livez', '/v1/topics', '/v1/topics/a/events', '/v1/topics/none']) {
      const { text } = await server.get(path)
      expect(text).toMatch(/^\{.*\}\n$/)
    }
  })
})

describe('topics and cursors', () => {
  beforeEach(async () => {
    await server.send('POST', '/v1/topics/a/events', [{ payload: '1' }, { payload: '2' }])
  })

  test('a topic is described, kept short, trimmed and deleted', async () => {
    const path = '/v1/topics/a'
    expect((await server.send('PUT', `${path}/retention`, { count: 10 })).status).toBe(200)
    expect((await server.get(path)).json).toMatchObject({ count: 2, retention: { count: 10 } })
    await server.send('DELETE', `${path}/retention`)
    expect((await server.get(path)).json).toMatchObject({ retention: null })
    const trimmed = await server.send('POST', `${path}/trim`, { before: 'seq:2' })
    expect(trimmed.json).toMatchObject({ count: 1, throughSequence: 1 })
    expect((await server.send('DELETE', path)).json).toEqual({ deleted: 'a' })
    expect(await server.get(path)).toMatchObject({
      status: 404,
      json: { code: 'GOETHE_TOPIC_NOT_FOUND' },
    })
  })

  test('a histogram counts events by time', async () => {
    const one = await server.get('/v1/topics/a/histogram?interval=1d')
    expect(one.json['buckets']).toMatchObject([{ count: 2, bytes: 2 }])
    expect((await server.get('/v1/histogram?prefix=b')).json['buckets']).toEqual([])
    expect((await server.get('/v1/histogram?interval=7q')).status).toBe(400)
  })

  test('a cursor is taken over, committed under its session, moved and deleted', async () => {
    const path = '/v1/topics/a/cursors/reader'
    const [first, second] = await read('a')
    const begun = await server.send('POST', `${path}/begin`, {})
    expect(begun.json).toMatchObject({ id: '0', sequence: 0, session: 1 })
    const { session } = begun.json
    const commit = { id: first!['id'], sequence: 1, session }
    expect((await server.send('POST', `${path}/commit`, commit)).json).toMatchObject({ session })
    expect((await server.get(path)).json).toMatchObject({ id: first!['id'], sequence: 1, lag: 1 })
    expect((await server.get(`${path}/lag`)).json).toEqual({ lag: 1 })
    expect(await read('a', '?from=cursor:reader')).toMatchObject([{ sequence: 2 }])
    await server.send('POST', `${path}/begin`, {})
    const late = { id: second!['id'], sequence: 2, session }
    expect(await server.send('POST', `${path}/commit`, late)).toMatchObject({
      status: 409,
      json: { code: 'GOETHE_FENCED' },
    })
    const moved = await server.send('POST', `${path}/seek`, { to: 'start' })
    expect(moved.json).toMatchObject({ sequence: 0 })
    expect((await server.get('/v1/cursors?topic=a')).json['cursors']).toHaveLength(1)
    await server.send('DELETE', path)
    expect((await server.get('/v1/cursors')).json['cursors']).toEqual([])
  })

  test('the status tells the id, the last id and whether appends are taken', async () => {
    const { json } = await server.get('/v1/status')
    expect(json).toMatchObject({ appendedEvents: 2, writable: true, store: { type: 'open' } })
    expect(json['lastId']).toMatch(/^\d{19}$/)
  })
})

describe('the server', () => {
  test('it lives, is ready, and shows metrics', async () => {
    expect((await server.get('/livez')).json).toEqual({ alive: true })
    expect((await server.get('/readyz')).json).toMatchObject({ ready: true, store: 'open' })
    expect((await server.send('HEAD', '/livez')).status).toBe(200)
    expect((await server.send('HEAD', '/readyz')).status).toBe(200)
    await server.send('POST', '/v1/topics/a/events', 'abc')
    const { text } = await server.get('/metrics')
    for (const line of [
      'goethe_appended_events_total 1',
      'goethe_appended_bytes_total 3',
      'goethe_log_writable 1',
      'goethe_connections{protocol="http"} ',
      'goethe_requests_total{protocol="http",method="POST /v1/topics/:topic/events",code="OK"} 1',
      'process_resident_memory_bytes ',
      'goethe_disk_free_bytes ',
    ]) {
      expect(text).toContain(line)
    }
  })

  test('/openapi.json describes every path with its body', async () => {
    const { json } = await server.get('/openapi.json')
    const { paths } = json as { paths: Record<string, Record<string, any>> }
    expect(Object.keys(paths).every((path) => path.startsWith('/v1/'))).toBe(true)
    const append = paths['/v1/topics/{topic}/events']!['post']
    expect(Object.keys(append.requestBody.content)).toEqual([
      'application/json',
      'application/x-ndjson',
      'application/octet-stream',
    ])
    expect(Object.keys(paths['/v1/append-all']!['post'].requestBody.content)).toHaveLength(1)
  })

  test('what is not there is a problem as well', async () => {
    expect(await server.get('/v1/nothing')).toMatchObject({
      status: 404,
      json: { status: 404, message: expect.stringContaining('/openapi.json') },
    })
  })

  test.each([
    ['no UTF-8', '%E0%A4%A', 400],
    ['too long', 'a'.repeat(800), 414],
  ])('a name in a path that is %s is a problem as well', async (_what, name, status) => {
    const { headers, ...answer } = await server.get(`/v1/topics/${name}`)
    expect(headers.get('content-type')).toContain('application/problem+json')
    expect(answer).toMatchObject({ status, json: { status, code: 'GOETHE_INVALID_ARGUMENT' } })
  })

  test('another method, and a type that is not taken, are problems as well', async () => {
    expect((await server.send('PATCH', '/v1/topics')).status).toBe(404)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const { status, json } = await server.send('POST', '/v1/append-all', 'a=b', form)
    expect([status, json['code']]).toEqual([415, 'GOETHE_INVALID_ARGUMENT'])
  })

  test('a head beyond 16 KiB is refused', async () => {
    const path = `/v1/topics?prefix=${'x'.repeat(20_000)}`
    expect(await rawStatus(server.url, 'GET', path)).toBe(431)
  })

  test('a head of more fields than anybody sends is refused, before anything is done', async () => {
    const fields = Array.from({ length: 300 }, (_, index) => [`x-${index}`, 'y'])
    const headers = { ...Object.fromEntries(fields), 'content-type': 'application/octet-stream' }
    const path = '/v1/topics/many-fields/events'
    const { status, json } = await server.send('POST', path, 'an event', headers)
    expect([status, json['code']]).toEqual([400, 'GOETHE_INVALID_ARGUMENT'])
    expect((await server.get('/v1/topics/many-fields')).status).toBe(404)
  })

  test('bytes that are no request end their connection and nothing else', async () => {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    socket.write('\0\x01\x02 no HTTP\r\n\r\n')
    socket.resume()
    await once(socket, 'close')
    expect((await server.get('/livez')).status).toBe(200)
  })
})

/** As a client does that sends a path as it is. */
function rawStatus(url: string, method: string, path: string, body = ''): Promise<number> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path }, (response) => {
      response.resume()
      response.on('end', () => {
        resolve(response.statusCode!)
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}
