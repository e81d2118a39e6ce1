import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { manualClock } from '@goethe/core/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TestEventSource } from '../../tests-support/event-source.js'
import { type TestServer, startTestServer } from '../../tests-support/test-server.js'

let server: TestServer
beforeEach(async () => {
  server = await startTestServer()
})
afterEach(() => server[Symbol.asyncDispose]())

const append = (payload: string, topic = 'a') =>
  server.send('POST', `/v1/topics/${topic}/events`, payload)

describe('server-sent events', () => {
  test('what is there comes first, then what is appended, each with its id', async () => {
    await append('1')
    await using source = await TestEventSource.open(`${server.url}/v1/topics/a/events`)
    expect(source.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const first = (await source.event())!
    expect(JSON.parse(first.data)).toMatchObject({ id: first.id, sequence: 1, payload: '1' })
    await append('2')
    expect(JSON.parse((await source.event())!.data)).toMatchObject({ sequence: 2, payload: '2' })
  })

  test('the head of the answer comes before there is an event', async () => {
    await using source = await TestEventSource.open(`${server.url}/v1/topics/none/events`)
    expect(source.response.status).toBe(200)
  })

  test('Last-Event-ID goes on right behind that event, whatever else is asked for', async () => {
    for (const payload of ['1', '2', '3']) await append(payload)
    const url = `${server.url}/v1/topics/a/events?from=start`
    let last: string
    {
      await using source = await TestEventSource.open(url)
      await source.event()
      last = (await source.event())!.id!
    }
    await using source = await TestEventSource.open(url, { 'last-event-id': last })
    expect(JSON.parse((await source.event())!.data)).toMatchObject({ sequence: 3 })
  })

  test('a Last-Event-ID that is none is refused', async () => {
    const headers = { accept: 'text/event-stream', 'last-event-id': 'x' }
    expect(await server.get('/v1/topics/a/events', headers)).toMatchObject({
      status: 400,
      json: { message: expect.stringContaining("'last-event-id' is 'x'") },
    })
  })

  test('several topics are followed together, those born later included', async () => {
    await using source = await TestEventSource.open(`${server.url}/v1/events?prefix=p`)
    await append('1', 'p1')
    await append('2', 'q')
    await append('3', 'p2')
    const topics = [await source.event(), await source.event()].map((event) => {
      return (JSON.parse(event!.data) as { topic: string }).topic
    })
    expect(topics).toEqual(['p1', 'p2'])
  })

  test('a limit ends the stream', async () => {
    for (const payload of ['1', '2', '3']) await append(payload)
    await using source = await TestEventSource.open(`${server.url}/v1/topics/a/events?limit=2`)
    expect([await source.event(), await source.event()].map((event) => event?.event)).toEqual([
      'message',
      'message',
    ])
    expect(await source.event()).toBeUndefined()
  })

  test('lines of JSON can be followed as well', async () => {
    await append('1')
    const accept = { accept: 'application/x-ndjson' }
    const { text } = await server.get('/v1/topics/a/events?follow=true&limit=1', accept)
    expect(JSON.parse(text)).toMatchObject({ payload: '1' })
  })

  test('who goes away is not waited for, nor counted', async () => {
    {
      await using source = await TestEventSource.open(`${server.url}/v1/topics/a/events`)
      await source.next()
      expect((await server.get('/metrics')).text).toContain('goethe_tails{protocol="http"} 1')
    }
    let metrics: string
    do metrics = (await server.get('/metrics')).text
    while (!metrics.includes('goethe_tails{protocol="http"} 0'))
    expect(metrics).toMatch(/goethe_streams\{.*\} 0/)
  })

  test('a stream that stops says so and ends', async () => {
    await using source = await TestEventSource.open(`${server.url}/v1/topics/a/events`)
    await source.next()
    await server.server.stop()
    expect((await source.next())?.comment).toBe('the server stops')
    expect(await source.next()).toBeUndefined()
  })
})

test('a quiet stream has heartbeats', async () => {
  const clock = manualClock(new Date())
  await using quiet = await startTestServer({ clock, flags: { keepaliveTimeMs: '30s' } })
  await using source = await TestEventSource.open(`${quiet.url}/v1/topics/a/events`)
  await source.next()
  const heartbeat = source.next()
  for (let waiting = true; waiting;) {
    clock.advance(30_000)
    waiting = await Promise.race([
      heartbeat.then(() => false),
      new Promise<boolean>((resolve) => setImmediate(resolve, true)),
    ])
  }
  expect((await heartbeat)?.comment).toBe('heartbeat')
})

test('one more tail than limits.tailsPerTopic is refused with a time to try again', async () => {
  await using small = await startTestServer({ flags: { limitsTailsPerTopic: 1 } })
  await using source = await TestEventSource.open(`${small.url}/v1/topics/a/events`)
  await source.next()
  const answer = await small.get('/v1/topics/a/events?follow=true')
  expect(answer).toMatchObject({ status: 429, json: { code: 'GOETHE_LIMIT' } })
  expect(answer.headers.get('retry-after')).toBe('1')
  await using other = await TestEventSource.open(`${small.url}/v1/topics/b/events`)
  expect(other.response.status).toBe(200)
})

test('a reader that does not read costs what is on its way to it and no more', async () => {
  const eventBytes = 64 * 1024
  const events = 512
  const chunk = Array.from({ length: 32 }, () => new Uint8Array(eventBytes).fill(97))
  for (let sent = 0; sent < events; sent += 32) await server.server.log.append('a', chunk)
  const slow = await openWithoutReading('/v1/topics/a/events?follow=true')
  const quick = await server.get('/v1/topics/a/events', { accept: 'application/x-ndjson' })
  expect(quick.text.match(/\n/g)).toHaveLength(events)
  const { text } = await server.get('/metrics')
  const read = Number(/goethe_read_bytes_total\{protocol="http"\} (\d+)/.exec(text)![1])
  const all = events * eventBytes
  expect(read).toBeGreaterThan(all)
  expect(read).toBeLessThan(all + all / 2)
  slow.destroy()
})

async function openWithoutReading(path: string): Promise<Socket> {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  await once(socket, 'readable')
  return socket
}
