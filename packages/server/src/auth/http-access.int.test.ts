import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestEventSource } from '../../tests-support/event-source.js'
import { type LimitedServer, startLimitedServer } from '../../tests-support/limited-server.js'
import type { Answer } from '../../tests-support/test-server.js'

let limited: LimitedServer

beforeAll(async () => {
  limited = await startLimitedServer()
})
afterAll(() => limited.server[Symbol.asyncDispose]())

type Question = [method: string, path: string, body?: unknown, headers?: Record<string, string>]

const sse = { accept: 'text/event-stream' }
const ndjson = { accept: 'application/x-ndjson' }
const events = [{ payload: 'x' }]

/** Every route, by its name in /openapi.json, and how it is asked about a topic. */
const routes: Record<string, (topic: string) => Question[]> = {
  'GET /v1/topics/{topic}/events': (topic) => [
    ['GET', `/v1/topics/${topic}/events`],
    ['GET', `/v1/topics/${topic}/events`, undefined, sse],
    ['GET', `/v1/topics/${topic}/events`, undefined, ndjson],
    ['GET', `/v1/topics/${topic}/events?follow=true`],
    ['GET', `/v1/topics/${topic}/events?from=end&follow=true`],
  ],
  'POST /v1/topics/{topic}/events': (topic) => [['POST', `/v1/topics/${topic}/events`, 'x']],
  'GET /v1/events': (topic) => [
    ['GET', `/v1/events?topic=${topic}`],
    ['GET', `/v1/events?topic=${topic}`, undefined, sse],
  ],
  'GET /v1/topics/{topic}/seek': (topic) => [['GET', `/v1/topics/${topic}/seek?at=start`]],
  'POST /v1/append-all': (topic) => [
    [
      'POST',
      '/v1/append-all',
      {
        entries: [
          { topic: 'orders-1', events },
          { topic, events },
        ],
      },
    ],
  ],
  'GET /v1/topics/{topic}': (topic) => [['GET', `/v1/topics/${topic}`]],
  'DELETE /v1/topics/{topic}': (topic) => [['DELETE', `/v1/topics/${topic}`]],
  'GET /v1/topics/{topic}/histogram': (topic) => [['GET', `/v1/topics/${topic}/histogram`]],
  'GET /v1/histogram': (topic) => [['GET', `/v1/histogram?topic=${topic}`]],
  'PUT /v1/topics/{topic}/retention': (topic) => [
    ['PUT', `/v1/topics/${topic}/retention`, { count: 1 }],
  ],
  'DELETE /v1/topics/{topic}/retention': (topic) => [['DELETE', `/v1/topics/${topic}/retention`]],
  'POST /v1/topics/{topic}/trim': (topic) => [
    ['POST', `/v1/topics/${topic}/trim`, { before: 'seq:1' }],
  ],
  'GET /v1/cursors': (topic) => [['GET', `/v1/cursors?topic=${topic}`]],
  'GET /v1/topics/{topic}/cursors/{consumer}': (topic) => [
    ['GET', `/v1/topics/${topic}/cursors/reader`],
  ],
  'DELETE /v1/topics/{topic}/cursors/{consumer}': (topic) => [
    ['DELETE', `/v1/topics/${topic}/cursors/reader`],
  ],
  'GET /v1/topics/{topic}/cursors/{consumer}/lag': (topic) => [
    ['GET', `/v1/topics/${topic}/cursors/reader/lag`],
  ],
  'POST /v1/topics/{topic}/cursors/{consumer}/begin': (topic) => [
    ['POST', `/v1/topics/${topic}/cursors/reader/begin`, {}],
  ],
  'POST /v1/topics/{topic}/cursors/{consumer}/commit': (topic) => [
    ['POST', `/v1/topics/${topic}/cursors/reader/commit`, { id: '1', sequence: 1 }],
  ],
  'POST /v1/topics/{topic}/cursors/{consumer}/seek': (topic) => [
    ['POST', `/v1/topics/${topic}/cursors/reader/seek`, { to: 'start' }],
  ],
}

/** They are never refused: the list is cut down, and the status names no topic. */
const open = ['GET /v1/topics', 'GET /v1/status']

function ask([method, path, body, headers]: Question, token?: string): Promise<Answer> {
  const { send } = limited.server
  return send(method, path, body, {
    ...headers,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  })
}

describe('a token for orders-* by HTTP', () => {
  test('is tried on every route', async () => {
    const { json } = await limited.server.get('/openapi.json')
    const known = Object.entries(json['paths'] as Record<string, object>).flatMap(([path, verbs]) =>
      Object.keys(verbs).map((verb) => `${verb.toUpperCase()} ${path}`),
    )
    expect([...Object.keys(routes), ...open].sort()).toEqual(known.sort())
  })

  test.each(Object.keys(routes))(
    '%s refuses other topics, in the same words whether they exist or not',
    async (route) => {
      for (const topic of ['secret', 'orders', 'nowhere']) {
        for (const question of routes[route]!(topic)) {
          const { status, json } = await ask(question, limited.token)
          expect([question, status, json]).toEqual([
            question,
            403,
            {
              title: 'Forbidden',
              status: 403,
              code: 'GOETHE_FORBIDDEN',
              message: expect.stringMatching(
                new RegExp(
                  `^This identity has no right to (read|append|consume|admin) '${topic}'$`,
                ),
              ) as string,
              details: {},
            },
          ])
        }
      }
    },
  )

  test.each([
    ['/v1/events', '*'],
    ['/v1/events?prefix=', '*'],
    ['/v1/events?prefix=orders', 'orders*'],
    ['/v1/events?prefix=s&follow=true', 's*'],
    ['/v1/histogram', '*'],
    ['/v1/histogram?prefix=orders', 'orders*'],
  ])('GET %s is refused', async (path, topics) => {
    const { status, json } = await ask(['GET', path], limited.token)
    expect(status).toBe(403)
    expect(json['message']).toBe(`This identity has no right to read '${topics}'`)
  })

  test('names written in other ways are the same names', async () => {
    for (const path of [
      '/v1/topics/%73ecret/events',
      '/v1/topics/orders-1%2F..%2F..%2Fsecret/../../secret/events',
      '/v1/topics/orders-1/../secret/events',
    ]) {
      const { status, text } = await ask(['GET', path], limited.token)
      expect(status).not.toBe(200)
      expect(text).not.toContain('in secret')
    }
  })

  test('lists its own topics and cursors only, page by page', async () => {
    const first = await ask(['GET', '/v1/topics?limit=1'], limited.token)
    expect(first.json).toEqual({ topics: ['orders-1'], next: 'orders-1' })
    const second = await ask(['GET', '/v1/topics?limit=1&after=orders-1'], limited.token)
    expect(second.json).toEqual({ topics: ['orders-2'], next: 'orders-2' })
    const third = await ask(['GET', '/v1/topics?limit=1&after=orders-2'], limited.token)
    expect(third.json).toEqual({ topics: [] })
    const { json } = await ask(['GET', '/v1/cursors'], limited.token)
    expect((json['cursors'] as { topic: string }[]).map(({ topic }) => topic)).toEqual([
      'orders-1',
      'orders-2',
    ])
  })

  test('follows its own topics by server-sent events, and hears nothing of others', async () => {
    await using source = await TestEventSource.open(
      `${limited.server.url}/v1/events?prefix=orders-`,
      { authorization: `Bearer ${limited.token}` },
    )
    const { log } = limited.server.server
    await log.append('secret', Buffer.from('unheard'))
    await log.append('orders', Buffer.from('unheard'))
    await log.append('orders-1', Buffer.from('heard'))
    const heard: string[] = []
    while (!heard.includes('heard')) {
      const event = await source.next()
      if (event!.data !== '') heard.push((JSON.parse(event!.data) as { payload: string }).payload)
    }
    expect(heard).toEqual(['in orders-1', 'in orders-2', 'heard'])
  })
})

describe('without a token that is right', () => {
  test.each([
    ['none', undefined],
    ['a wrong one', 'goethe_wrong'],
  ])('%s: every route is refused', async (_title, token) => {
    const questions = Object.values(routes).flatMap((make) => make('secret'))
    questions.push(['GET', '/v1/topics'], ['GET', '/v1/status'])
    for (const question of questions) {
      const { status, headers, json } = await ask(question, token)
      expect([question, status, json['code']]).toEqual([question, 401, 'GOETHE_UNAUTHENTICATED'])
      expect(headers.get('www-authenticate')).toBe('Bearer')
    }
  })

  test('health is answered', async () => {
    for (const path of ['/livez', '/readyz']) {
      expect((await limited.server.get(path)).status).toBe(200)
    }
  })

  test('metrics are refused, unless they are public', async () => {
    expect((await limited.server.get('/metrics')).json['code']).toBe('GOETHE_UNAUTHENTICATED')
    await using server = (await startLimitedServer({ flags: { httpPublicMetrics: true } })).server
    expect((await server.get('/metrics')).status).toBe(200)
  })
})

describe('whoever is known', () => {
  test('gets the metrics, which name no topic', async () => {
    const { status, text } = await ask(['GET', '/metrics'], limited.token)
    expect(status).toBe(200)
    expect(text).toContain('goethe_log_writable 1')
    expect(text).not.toContain('secret')
  })
})
