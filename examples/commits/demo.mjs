// Loads real events into a log on LevelDB and shows what can be asked of it.
//
//     npm run demo                                        116,196 commits of 30 projects
//     npm run demo -- events.ndjson.gz                    CloudEvents of your own, one JSON a line
//     npm run demo -- events.ndjson.gz --data directory   and where the log lies
import { mkdir } from 'node:fs/promises'
import { basename, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { EventLog, GoetheError } from '@goethe/core'
import { ClassicLevel } from 'classic-level'
import { count, heading, printBars, printTable } from './draw.mjs'
import { allTopics, importEvents } from './import-events.mjs'
import { sourceEvents } from './source.mjs'

/** @import { LogEvent } from '@goethe/core' */

const consumer = 'demo'

try {
  await main()
} catch (error) {
  console.error(`\n${explain(error)}`)
  process.exitCode = 1
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { data: { type: 'string' } },
    allowPositionals: true,
  })
  const [path] = positionals
  const directory = values.data ?? directoryFor(path)
  await mkdir(directory, { recursive: true })

  // LevelDB gathers this much in memory before it writes a file: several topics need more than the
  // default of 4 MiB.
  const database = new ClassicLevel(directory, { writeBufferSize: 64 * 1024 * 1024 })
  const log = await EventLog.open(database)
  try {
    await load(log, path)
    await show(log)
    console.log(`\nThe log lies in ${relative(process.cwd(), directory) || '.'}`)
    console.log('Run it again: nothing is imported twice, and the cursor reads on')
  } finally {
    await log.close()
  }
}

/** @param {string | undefined} path */
function directoryFor(path) {
  const name = basename(path ?? 'commits', '.gz').replace(/\.ndjson$/, '')
  return fileURLToPath(new URL(`data/${name}`, import.meta.url))
}

/**
 * @param {EventLog} log
 * @param {string | undefined} path
 */
async function load(log, path) {
  heading('Import')
  const start = performance.now()
  const { imported, skipped } = await importEvents(log, sourceEvents(path), (done) => {
    if (process.stdout.isTTY) process.stdout.write(`\r  ${count(done)} events`)
  })
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K')
  if (skipped > 0) console.log(`  ${count(skipped)} events were there already and stay as they are`)
  if (imported > 0) {
    console.log(`  ${count(imported)} events appended ${rate(imported, start)}`)
    const { commits, durability } = log.status()
    console.log(`  in ${count(commits)} commits, each on the disk before it counts (${durability})`)
  }
}

/** @param {EventLog} log */
async function show(log) {
  const topics = await Promise.all((await allTopics(log)).map((topic) => log.describe(topic)))
  if (topics.length === 0) {
    console.log('  The file holds no events')
    return
  }
  heading(`Topics (${topics.length})`)
  printTable(topics.map(({ topic, count: value }) => ({ name: topic, value })))

  // The topic that the demo looks at, or the largest one of another file.
  const largest = topics.reduce((most, topic) => (topic.count > most.count ? topic : most))
  const chosen = topics.find(({ topic }) => topic === 'fastify/fastify') ?? largest
  const from = chosen.topic === 'fastify/fastify' ? new Date('2019-05-03') : chosen.last.time
  const day = from.toISOString().slice(0, 10)
  heading(`The first events at or after ${day} in ${chosen.topic}, found by time`)
  for (const event of await log.read(chosen.topic, { from, limit: 3 }).toArray()) print(event)

  heading('All events by year, from the time index alone')
  const buckets = await log.histogram('*', { interval: 'year' })
  printBars(
    buckets.map(({ start, count: value }) => ({ name: `${start.getUTCFullYear()}`, value })),
  )

  await readOn(log, chosen.topic)
  await scan(log)
}

/**
 * A cursor is a name under which the log remembers how far somebody has read.
 *
 * @param {EventLog} log
 * @param {string} topic
 */
async function readOn(log, topic) {
  const cursor = log.cursor(topic, consumer)
  const position = await cursor.position()
  const where =
    position === undefined ? 'starts with the first event' : `goes on behind #${position.sequence}`
  heading(`The cursor '${consumer}' of ${topic} ${where}`)
  for await (const event of cursor.read({ limit: 3 })) {
    print(event)
    await cursor.commit(event)
  }
  console.log(`  … ${count(await cursor.lag())} to go: the next run reads on here`)
}

/** @param {EventLog} log */
async function scan(log) {
  heading('Reading everything')
  const start = performance.now()
  let events = 0
  let bytes = 0
  for await (const batch of log.read('*').batches()) {
    events += batch.length
    for (const { payload } of batch) bytes += payload.length
  }
  const mib = (bytes / 1024 / 1024).toFixed(1)
  console.log(`  ${count(events)} events of ${mib} MiB read ${rate(events, start)},`)
  console.log('  in the order in which they happened, checksums verified')
}

/** @param {LogEvent} event */
function print(event) {
  const { id, data } = /** @type {{ id?: string, data?: object }} */ (event.json())
  const short = `${id}  ${JSON.stringify(data ?? null)}`.slice(0, 60)
  console.log(`  #${event.sequence}  ${event.time.toISOString().slice(0, 19)}Z  ${short}`)
}

/**
 * @param {number} events
 * @param {number} start
 */
function rate(events, start) {
  const seconds = (performance.now() - start) / 1000
  return `in ${seconds.toFixed(2)} s, ${count(events / seconds)} a second`
}

/** @param {unknown} error */
function explain(error) {
  if (error instanceof GoetheError && error.code === 'GOETHE_LOCKED') {
    return 'The log is open in another process. Wait until that one has ended.'
  }
  if (error instanceof GoetheError && error.code === 'GOETHE_CONFLICT') {
    return `${error.message}. Does another import run, or is the log of another file?`
  }
  return error instanceof Error ? error.message : String(error)
}
