/**
 * A program that opens damaged databases and reads all of them in every way. It is one of its own
 * because LevelDB, whose assertions are on in classic-level, ends the process at some damage.
 *
 *     node damage-reader.mjs <file with the original's events>    paths come on standard input
 */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { ClassicLevel } from 'classic-level'
import { EventLog, type LogEvent, isGoetheError } from '../src/index.js'
import type { Original, Outcome } from './damage.js'
import { nameOf } from './damage.js'
import { problemsOf } from './problems.js'

const original = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Original
const payloads = new Map(original.events)

for await (const path of createInterface({ input: process.stdin })) {
  const outcome = await outcomeOf(path).catch((error: unknown) => `WRONG: ${String(error)}`)
  process.stdout.write(`${outcome}\n`)
}

async function outcomeOf(path: string): Promise<Outcome> {
  let log: EventLog
  try {
    log = await EventLog.open(new ClassicLevel(path))
  } catch (error) {
    assertNamed(error, ['GOETHE_INVALID_STORE', 'GOETHE_CORRUPT', 'GOETHE_READ_FAILED'])
    return 'refused'
  }
  try {
    return await outcomeOfReads(log)
  } finally {
    await log.close()
  }
}

async function outcomeOfReads(log: EventLog): Promise<Outcome> {
  let failed = false
  const read = async (work: () => Promise<LogEvent[]>): Promise<string[]> => {
    try {
      const events = await work()
      for (const event of events) assertAppended(event)
      return events.map(nameOf)
    } catch (error) {
      assertNamed(error, ['GOETHE_CORRUPT'])
      failed = true
      return []
    }
  }
  const all = await read(() => log.read('*').toArray())
  await read(() => log.read('*', { reverse: true }).toArray())
  let count = 0
  for (const topic of original.topics) {
    count += (await read(() => log.read(topic).toArray())).length
    await read(() => log.read(topic, { reverse: true }).toArray())
  }
  await read(() => log.cursors().then(() => []))
  const problems = await problemsOf(log)
  if (failed) return 'read error'
  if (problems.length > 0) return 'verify'
  const { events } = original
  if (all.length === events.length && count === events.length) return 'harmless'
  const isStart = all.every((name, index) => name === events[index]![0])
  return isStart && count === all.length ? 'lost end' : 'lost silently'
}

function assertAppended(event: LogEvent): void {
  if (payloads.get(nameOf(event)) === Buffer.from(event.payload).toString('hex')) return
  throw new Error(`never appended: ${nameOf(event)}`)
}

function assertNamed(error: unknown, codes: readonly string[]): void {
  if (!isGoetheError(error) || !codes.includes(error.code)) throw error
}
