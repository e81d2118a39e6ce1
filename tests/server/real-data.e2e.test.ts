// The 116,196 commits of examples/data in a served log: imported, read, shared by consumers, and
// still there after crashes.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { gzipSync } from 'node:zlib'
import { type Client, connect } from '@goethe/client'
import { type Delivery, isGoetheError } from '@goethe/core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { commitLines } from '../../packages/cli/tests-support/commits.js'
import { resultOf, startGoethe } from '../../packages/cli/tests-support/goethe-process.js'
import { startAgain } from './restart.js'
import { type ServerProcess, startServerProcess } from './server-process.js'
import { SteadyAppends, patient } from './steady-appends.js'
import { Tally } from './tally.js'

interface Commit {
  line: string
  source: string
  time: string
}

const args = ['--disk-reserve-bytes', '0']

let folder: string
let server: ServerProcess
let commits: Commit[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'goethe-real-data-'))
  commits = commitLines(Infinity).map((line) => {
    const { source, time } = JSON.parse(line) as Commit
    return { line, source, time }
  })
  server = await startServerProcess({ data: join(folder, 'log'), args })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

test('all events are imported, each under its topic and its time', async () => {
  const file = join(folder, 'commits.ndjson.gz')
  await writeFile(file, gzipSync(textOf(commits), { level: 1 }))
  const fields = ['--topic-field', 'source', '--time-field', 'time']
  expect(await json('import', file, ...fields)).toMatchObject([{ count: 116_196, skipped: 0 }])
  expect(await json('topics')).toMatchObject(
    [...countBy(commits, ({ source }) => source)]
      .map(([topic, count]) => ({ topic, count }))
      .sort(({ topic: one }, { topic: other }) => (one < other ? -1 : 1)),
  )
})

test('lines that come one by one are appended under their topics and times, too', async () => {
  const some = commits.slice(0, 20_000)
  await using other = await startServerProcess({ args })
  const fields = ['--topic-field', 'source', '--time-field', 'time']
  const environment = { GOETHE_SERVER: other.address }
  const append = startGoethe(['append', ...fields], environment)
  const { code, stdout } = await resultOf(append, textOf(some))
  expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({ code: 0, count: 20_000 })
  await using log = connect(other.address)
  const read = await log.read('*', { from: new Date(some[100]!.time) }).toArray()
  const expected = some.filter(({ time }) => time >= some[100]!.time)
  expect(read.map((event) => event.text())).toEqual(expected.map(({ line }) => line))
  expect(read.map(({ topic }) => topic)).toEqual(expected.map(({ source }) => source))
})

describe('what was imported', () => {
  test('is read from a date on', async () => {
    const { stdout } = await goethe('read', '*', '--from', '2019-05-03', '--payloads')
    expect(stdout === textOf(commits.filter(({ time }) => time >= '2019-05-03'))).toBe(true)
  })

  test('is read by topic between two dates', async () => {
    const dates = ['--from', '2019-05-03', '--to', '2019-06-01']
    const events = await json('read', 'fastify/fastify', ...dates)
    const expected = commits.filter(
      ({ source, time }) =>
        source === 'fastify/fastify' && time >= '2019-05-03' && time < '2019-06-01',
    )
    expect(expected.length).toBeGreaterThan(10)
    expect(events.map(({ payload }) => payload)).toEqual(expected.map(({ line }) => line))
    expect(events.map(({ time }) => Date.parse(time as string))).toEqual(
      expected.map(({ time }) => Date.parse(time)),
    )
  })

  test('is read backward', async () => {
    const { stdout } = await goethe('read', '*', '--reverse', '--limit', '1000', '--payloads')
    expect(stdout === textOf(commits.slice(-1000).reverse())).toBe(true)
  })

  test('is counted by year', async () => {
    const buckets = await json('histogram', '*', '--interval', 'year')
    expect(buckets.map(({ start, count }) => [String(start).slice(0, 4), count])).toEqual([
      ...countBy(commits, ({ time }) => time.slice(0, 4)),
    ])
  })

  test('is described', async () => {
    const own = commits.filter(({ source }) => source === 'vitejs/vite')
    expect(await json('describe', 'vitejs/vite')).toMatchObject([
      { count: own.length, bytes: own.reduce((sum, { line }) => sum + Buffer.byteLength(line), 0) },
    ])
  })
})

describe('while the server is killed twice', () => {
  test('clients that share a consumer handle all, and what is appended is there once', async () => {
    const topic = 'openshift/microshift'
    const expected = commits.filter(({ source }) => source === topic).map(({ line }) => line)
    const work = new SharedWork()
    const log = connect(server.address, patient)
    const workers = [connect(server.address, patient), connect(server.address, patient)]
    const working = workers.map((client) => work.take(client, topic))
    const appends = new SteadyAppends(log, 'appended', 20)
    for (const part of [0.2, 0.6]) {
      const { count } = appends.acknowledged
      await Promise.all([
        work.handled.reaches(part * expected.length),
        appends.acknowledged.reaches(count + 200),
      ])
      server.kill('SIGKILL')
      server = await startAgain(server, args)
    }
    await work.handled.reaches(expected.length)
    // What was stored and not confirmed before a kill does not come again, so nobody here knows of it.
    const cursor = workers[0]!.cursor(topic, 'worker')
    await expect.poll(() => cursor.lag()).toBe(0)
    await Promise.all(workers.map((client) => client.close()))
    await Promise.all(working)
    await appends.end()
    await log.close()

    expect(work.texts()).toEqual(expected)
    expect(work.repeatedAfterAck).toEqual([])
    // Both took part.
    expect(Math.min(...work.shares)).toBeGreaterThan(0)
    expect(await json('cursors', topic)).toMatchObject([{ sequence: expected.length, lag: 0 }])
    const appended = await json('read', 'appended')
    expect(appended.map(({ payload }) => payload)).toEqual(appends.texts)
    expect(appended.map(({ id }) => id)).toEqual(appends.ids.map(String))
  })

  test('commands that share a consumer handle all, and end when they are told to', async () => {
    const expected = commits.slice(0, 5000).map(({ line }) => line)
    const [first = '', ...others] = expected
    await using log = connect(server.address, patient)
    await log.append('work', Buffer.from(first))
    const printed = new Set<string>()
    const progress = new Tally()
    const consumers = Array.from({ length: 2 }, () => {
      const consume = ['consume', 'work', '--consumer', 'printer', '--json']
      const child = startGoethe(consume, { GOETHE_SERVER: server.address })
      createInterface({ input: child.stdout }).on('line', (line) => {
        const { payload } = JSON.parse(line) as { payload: string }
        if (!printed.has(payload)) progress.add()
        printed.add(payload)
      })
      return { child, result: resultOf(child) }
    })
    onTestFinished(() => {
      for (const { child } of consumers) child.kill('SIGKILL')
    })
    // A command that never reached its server would not wait for one.
    await expect.poll(() => streamsOf('Consume')).toBe(2)
    for (const line of others) void log.append('work', Buffer.from(line))
    await progress.reaches(expected.length / 3)
    server.kill('SIGKILL')
    server = await startAgain(server, args)
    await progress.reaches(expected.length)
    await expect.poll(() => log.cursor('work', 'printer').lag()).toBe(0)
    for (const { child, result } of consumers) {
      child.kill('SIGINT')
      const { code, stderr } = await result
      expect(code).toBe(130)
      // What was printed and not confirmed before the kill is told.
      expect(stderr).toMatch(/^(goethe: .* \(GOETHE_DELIVERY_EXPIRED\)\n)*$/)
    }
    expect([...printed].sort()).toEqual([...expected].sort())
    expect((await log.read('work').toArray()).map((event) => event.text())).toEqual(expected)
  })

  test('nothing is lost or changed', async () => {
    const { stdout } = await goethe('read', '*', '--to', '2026-10-01', '--payloads')
    expect(stdout === textOf(commits)).toBe(true)
    const counts = (await json('topics')).map(({ topic, count }) => [topic, count])
    const imported = counts.filter(([topic]) => topic !== 'appended' && topic !== 'work')
    expect(new Map(imported as [string, number][])).toEqual(
      countBy(commits, ({ source }) => source),
    )
    expect(await json('verify')).toMatchObject([{ type: 'result', problems: 0 }])
  })
})

/** What the workers of one consumer have done together. */
class SharedWork {
  /** How many events were handled, each once or more often. */
  readonly handled = new Tally()
  readonly shares: number[] = []
  /** Sequences that came again although their acknowledgement had been confirmed. */
  readonly repeatedAfterAck: number[] = []
  readonly #texts = new Map<number, string>()
  readonly #acknowledged = new Set<number>()

  async take(client: Client, topic: string): Promise<void> {
    const share = this.shares.push(0) - 1
    try {
      for await (const delivery of client.consumer(topic, 'worker', { maxInFlight: 50 })) {
        this.shares[share]!++
        this.#handle(delivery)
      }
    } catch (error) {
      if (!isGoetheError(error, 'GOETHE_CLOSED')) throw error
    }
  }

  /** What was handled, in the order of the topic. */
  texts(): string[] {
    return [...this.#texts].sort(([one], [other]) => one - other).map(([, text]) => text)
  }

  #handle(delivery: Delivery): void {
    const { event } = delivery
    if (this.#acknowledged.has(event.sequence)) this.repeatedAfterAck.push(event.sequence)
    if (!this.#texts.has(event.sequence)) this.handled.add()
    this.#texts.set(event.sequence, event.text())
    delivery.ack().then(
      () => this.#acknowledged.add(event.sequence),
      (error: unknown) => {
        // The server was killed before it confirmed: the event comes again.
        if (!isGoetheError(error, 'GOETHE_DELIVERY_EXPIRED')) throw error
      },
    )
  }
}

async function goethe(...command: string[]) {
  const result = await resultOf(startGoethe(command, { GOETHE_SERVER: server.address }))
  expect(result).toMatchObject({ code: 0, stderr: '' })
  return result
}

async function json(...command: string[]): Promise<Record<string, unknown>[]> {
  const { stdout } = await goethe(...command)
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** Streams of a method that are under way at the server. */
async function streamsOf(method: string): Promise<number> {
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  const [, count] =
    new RegExp(`^goethe_streams\\{.*method="${method}".*\\} (\\d+)$`, 'm').exec(metrics) ?? []
  return Number(count ?? 0)
}

function textOf(lines: readonly Commit[]): string {
  return lines.map(({ line }) => `${line}\n`).join('')
}

/** In the order in which the keys come first. */
function countBy<Value>(values: readonly Value[], keyOf: (value: Value) => string) {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(keyOf(value), (counts.get(keyOf(value)) ?? 0) + 1)
  return counts
}
