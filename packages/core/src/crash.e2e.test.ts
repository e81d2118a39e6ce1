import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CrashPayload, type Note } from '../tests-support/crash-notes.js'
import { consumedTopic, projectedTopic } from '../tests-support/crash-notes.js'
import { problemsOf } from '../tests-support/problems.js'
import { program } from '../tests-support/programs.js'
import type { Random } from '../tests-support/random.js'
import { assertForSeeds, randomTimeout } from '../tests-support/seeds.js'
import { tempFolder } from '../tests-support/temp-folder.js'
import { EventLog, type LogEvent } from './index.js'

let writer: string
beforeAll(async () => {
  writer = await program('crash-writer')
})
afterAll(() => rm(writer, { force: true }))

describe('a process that is killed', () => {
  it('leaves all that was acknowledged, and nothing half', { timeout: randomTimeout }, async () => {
    await assertForSeeds(1, async (random) => {
      await using folder = await tempFolder()
      const database = join(folder.path, 'database')
      const notes: Note[] = []
      const sent = new Set<string>()
      for (let round = 0; round < 25; round++) {
        const added = await work(
          random,
          database,
          join(folder.path, `notes.${round}`),
          round,
          notes,
        )
        notes.push(...added)
        for (const note of added) if (note.type === 'producer') sent.add(nameOf(note))
        await check(database, notes, sent)
      }
    })
  })
})

/** Lets the writer work until it has made so many appends, then kills it. Gives what it noted. */
async function work(
  random: Random,
  database: string,
  file: string,
  round: number,
  before: readonly Note[],
): Promise<Note[]> {
  const output = openSync(file, 'a')
  const last = before.findLast((note) => note.type === 'producer')
  const repeated = last === undefined ? ['', ''] : [last.id, String(last.sequence)]
  const seed = String(random.int(0, 2 ** 31))
  const child = spawn(process.execPath, [writer, database, seed, String(round), ...repeated], {
    stdio: ['ignore', 'pipe', 'pipe', output],
  })
  closeSync(output)
  let appends = random.int(1, 80)
  let failure = ''
  child.stderr!.on('data', (chunk: Buffer) => (failure += chunk.toString()))
  child.stdout!.on('data', (chunk: Buffer) => {
    appends -= chunk.length
    if (appends <= 0) child.kill('SIGKILL')
  })
  const signal = await new Promise<string | null>((resolve) =>
    child.on('close', (_, killedBy) => {
      resolve(killedBy)
    }),
  )
  expect(`${signal} ${failure}`).toBe('SIGKILL ')
  const lines = readFileSync(file, 'utf8').split('\n')
  // What stands behind the last line break was cut off by the kill.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Note)
}

async function check(
  database: string,
  notes: readonly Note[],
  sent: ReadonlySet<string>,
): Promise<void> {
  const level = new ClassicLevel<string, string>(database)
  await using log = await EventLog.open(level)
  expect(await problemsOf(log)).toEqual([])
  const all = await log.read('*').toArray()
  const byTopic = new Map<string, LogEvent[]>()
  for (const event of all) {
    const events = byTopic.get(event.topic)
    if (events === undefined) byTopic.set(event.topic, [event])
    else events.push(event)
  }
  for (const [topic, events] of byTopic) {
    expect((await log.read(topic).toArray()).map(({ id }) => id)).toEqual(
      events.map(({ id }) => id),
    )
    for (const [index, { sequence }] of events.entries()) {
      if (sequence !== index + 1) expect(`${topic} ${sequence}`).toBe(`${topic} ${index + 1}`)
    }
  }
  checkReceipts(notes, byTopic)
  checkWhole(all, sent)
  await checkProjection(log, level, notes)
  await checkConsumer(log, notes)
}

function checkReceipts(notes: readonly Note[], byTopic: ReadonlyMap<string, LogEvent[]>): void {
  for (const note of notes) {
    if (note.type !== 'receipt') continue
    const { topic, firstSequence, count, firstId, id } = note
    const events = byTopic.get(topic)?.slice(firstSequence - 1, firstSequence - 1 + count) ?? []
    const found = events.map((event) => `${event.json<CrashPayload>().id} ${event.id}`)
    const expected = Array.from({ length: count }, (_, index) => {
      return `${id} ${BigInt(firstId) + BigInt(index)}`
    })
    expect(found).toEqual(expected)
  }
}

/** Each append is there once and whole, or not at all. */
function checkWhole(all: readonly LogEvent[], sent: ReadonlySet<string>): void {
  const appends = new Map<string, { first: LogEvent; payload: CrashPayload; count: number }>()
  for (const event of all) {
    const payload = event.json<CrashPayload>()
    const name = `${payload.id} ${event.topic}`
    const known = appends.get(name)
    if (known === undefined) {
      expect(payload.index).toBe(0)
      appends.set(name, { first: event, payload, count: 1 })
      continue
    }
    if (event.id !== known.first.id + BigInt(payload.index) || payload.index !== known.count) {
      expect(`${name} ${payload.index}`).toBe(`${name} ${known.count}`)
    }
    known.count++
  }
  for (const [name, { payload, count }] of appends) {
    if (count !== payload.of) expect(`${name}: ${count}`).toBe(`${name}: ${payload.of}`)
    for (const topic of payload.topics) expect(appends.has(`${payload.id} ${topic}`)).toBe(true)
    if (payload.id.startsWith('producer ')) expect(sent.has(payload.id)).toBe(true)
  }
}

async function checkProjection(
  log: EventLog,
  level: ClassicLevel<string, string>,
  notes: readonly Note[],
): Promise<void> {
  const projection = level.sublevel<string, number>('projection', { valueEncoding: 'json' })
  const position = await log.cursor(projectedTopic, 'projection').position()
  expect((await projection.get('count')) ?? 0).toBe(position?.sequence ?? 0)
  const acknowledged = notes.findLast((note) => note.type === 'projected')?.sequence ?? 0
  expect(position?.sequence ?? 0).toBeGreaterThanOrEqual(acknowledged)
}

/** None of what was acknowledged is delivered again, and all the rest is. */
async function checkConsumer(log: EventLog, notes: readonly Note[]): Promise<void> {
  const acknowledged = new Set<number>()
  for (const note of notes) if (note.type === 'acknowledged') acknowledged.add(note.sequence)
  const lag = await log.cursor(consumedTopic, 'worker').lag()
  await using consumer = log.consumer(consumedTopic, 'worker', { maxInFlight: 10_000 })
  let left = lag
  if (left === 0) return
  for await (const { event } of consumer) {
    expect(acknowledged.has(event.sequence)).toBe(false)
    if (--left === 0) break
  }
}

function nameOf({ id, sequence }: Extract<Note, { type: 'producer' }>): string {
  return `producer ${id}.${sequence}`
}
