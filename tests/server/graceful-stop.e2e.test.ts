// A server that is told to stop while everything is under way, and the next one in its place.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type ClientRequest, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, connect } from '@goethe/client'
import { isGoetheError } from '@goethe/core'
import { beforeEach, expect, test } from 'vitest'
import { startAgain } from './restart.js'
import { type ServerProcess, startServerProcess } from './server-process.js'
import { SteadyAppends, patient } from './steady-appends.js'
import { Tally } from './tally.js'

const args = ['--disk-reserve-bytes', '0']

let data: string

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'goethe-stop-'))
  data = join(folder, 'log')
  return () => rm(folder, { recursive: true })
})

test('what is accepted is answered, streams are told, and clients go on with the next server', async () => {
  // Longer than a test may take: nothing may wait for the deadline.
  const deadline = ['--shutdown-deadline-ms', '1h']
  await using server = await startServerProcess({ data, args: [...args, ...deadline] })
  const log = connect(server.address, patient)
  const reconnected = once(log, 'reconnect')
  const appends = new SteadyAppends(log, 'steady', 1000)
  const tail = new Tail(log)
  const work = new Work(log)
  const events = new Feed(server, 'text/event-stream')
  const lines = new Feed(server, 'application/x-ndjson')
  await Promise.all([
    appends.acknowledged.reaches(3000),
    ...[tail, work, events, lines].map(({ arrived }) => arrived.reaches(1)),
  ])
  const cautious = connect(server.address, { idempotent: false })
  const single = Array.from({ length: 1000 }, (_, index) => appendOnce(cautious, `once ${index}`))
  const posts = Array.from({ length: 100 }, (_, index) => post(server, `post ${index}`))
  const reads = Array.from({ length: 5 }, () => log.read('steady').toArray())
  await Promise.all([Promise.race(single), Promise.race(posts)])

  server.kill('SIGTERM')
  expect(await server.ended).toEqual({ code: 0, signal: null })
  expect(server.lines.filter(({ level }) => level !== 'info')).toEqual([])
  expect(server.stderr).toBe('')
  expect((await events.text).slice(-22)).toBe('\n\n: the server stops\n\n')
  expect((await lines.text).at(-1)).toBe('\n')

  await using next = await startAgain(server, args)
  expect(next.address).toBe(server.address)
  await reconnected
  await appends.end()
  const { texts } = appends
  await Promise.all([tail.arrived.reaches(texts.length), work.arrived.reaches(texts.length)])
  expect(tail.texts).toEqual(texts)
  for (const read of await Promise.all(reads)) {
    expect(read.length).toBeGreaterThanOrEqual(3000)
    expect(read.map((event) => event.text())).toEqual(texts.slice(0, read.length))
  }
  expect([...work.texts].sort()).toEqual([...texts].sort())
  // Who does not repeat an append has heard of each that was made, and of no other.
  expect(await made(single)).toEqual(await storedIn(log, 'once'))
  expect(await made(posts)).toEqual(await storedIn(log, 'posts'))
  await log.close()
  await Promise.all([cautious.close(), tail.ended, work.ended])
})

test('a second signal ends it at once, and nothing that was acknowledged is lost', async () => {
  await using server = await startServerProcess({ data, args })
  const log = connect(server.address, patient)
  const appends = new SteadyAppends(log, 'steady', 100)
  await appends.acknowledged.reaches(500)
  const held = await requestWithoutEnd(server)
  server.kill('SIGTERM')
  await server.line('Goethe stops; another signal ends it at once')
  server.kill('SIGTERM')
  expect(await server.ended).toEqual({ code: 143, signal: null })
  held.destroy()
  await using _next = await startAgain(server, args)
  await appends.end()
  expect((await log.read('steady').toArray()).map((event) => event.text())).toEqual(appends.texts)
  await log.close()
})

test('what does not end is cut off at the deadline, and the server ends well all the same', async () => {
  const deadline = ['--shutdown-deadline-ms', '200']
  await using server = await startServerProcess({ data, args: [...args, ...deadline] })
  const held = await requestWithoutEnd(server)
  const closed = new Promise((resolve) => held.on('close', resolve))
  server.kill('SIGINT')
  expect(await server.ended).toEqual({ code: 0, signal: null })
  await server.line('Connections of HTTP are cut off, because the deadline is over')
  await closed
})

/** A reader that follows. */
class Tail {
  readonly texts: string[] = []
  readonly arrived = new Tally()
  readonly ended: Promise<void>

  constructor(log: Client) {
    this.ended = untilClosed(async () => {
      for await (const event of log.read('steady', { follow: true })) {
        this.texts.push(event.text())
        this.arrived.add()
      }
    })
  }
}

/** A consumer that acknowledges everything. */
class Work {
  readonly texts = new Set<string>()
  /** Each event once, however often it comes. */
  readonly arrived = new Tally()
  readonly ended: Promise<void>

  constructor(log: Client) {
    this.ended = untilClosed(async () => {
      for await (const delivery of log.consumer('steady', 'worker')) {
        const text = delivery.event.text()
        if (!this.texts.has(text)) this.arrived.add()
        this.texts.add(text)
        delivery.ack().catch((error: unknown) => {
          if (!isGoetheError(error, 'GOETHE_DELIVERY_EXPIRED')) throw error
        })
      }
    })
  }
}

/** The body of a request that follows, over HTTP. */
class Feed {
  readonly arrived = new Tally()
  /** All of it, when the server has ended it in order. */
  readonly text: Promise<string>

  constructor(server: ServerProcess, accept: string) {
    this.text = this.#read(`${server.url}/v1/topics/steady/events?follow=true`, accept)
  }

  async #read(url: string, accept: string): Promise<string> {
    const { body } = await fetch(url, { headers: { accept } })
    let text = ''
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      if (text.includes('event 0')) this.arrived.add()
    }
    return text
  }
}

/** The text, or undefined where it is not known to be appended. */
async function appendOnce(log: Client, text: string): Promise<string | undefined> {
  try {
    await log.append('once', Buffer.from(text))
    return text
  } catch (error) {
    if (isGoetheError(error, 'GOETHE_DEADLINE')) return undefined
    throw error
  }
}

/** The text, or undefined where the server did not take it. */
async function post({ url }: ServerProcess, text: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${url}/v1/topics/posts/events`, { method: 'POST', body: text })
    await answer.arrayBuffer()
    return answer.ok ? text : undefined
  } catch {
    return undefined
  }
}

async function made(outcomes: readonly Promise<string | undefined>[]): Promise<string[]> {
  const texts = await Promise.all(outcomes)
  return texts.filter((text) => text !== undefined).sort()
}

async function storedIn(log: Client, topic: string): Promise<string[]> {
  const events = await log.read(topic).toArray()
  return events.map((event) => event.text()).sort()
}

/** A request that the server has begun to read, and whose body never ends. */
async function requestWithoutEnd({ http }: ServerProcess): Promise<ClientRequest> {
  const held = request({
    host: http.host,
    port: http.port,
    method: 'POST',
    path: '/v1/topics/held/events',
    // The server says by 100 that it has the head.
    headers: { 'content-length': 100, expect: '100-continue' },
  })
  held.on('error', () => undefined)
  held.flushHeaders()
  await once(held, 'continue')
  held.write('a beginning')
  return held
}

async function untilClosed(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isGoetheError(error, 'GOETHE_CLOSED')) throw error
  }
}
