import { randomUUID } from 'node:crypto'
import { type Durability, type EventLogApi, isGoetheError } from '@goethe/core'
import { type Command, Option } from 'commander'
import { type BenchResult, runBench } from '../bench-run.js'
import { durabilityText } from '../durability-text.js'
import { formatDuration } from '../duration.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { withLog } from '../open-log.js'
import { Progress } from '../progress.js'
import { formatCount, formatSize, parseCount, parseSize } from '../quantity.js'
import type { Shell } from '../shell.js'
import { tableLines } from '../table.js'

interface Options extends LogCommandOptions {
  events: number
  size: number
  batch: number
  inFlight: number
}

export function benchCommand(shell: Shell): Command {
  const command = logCommand('bench', 'Measure how fast this log is on this machine.')
    .option('-n, --events <number>', 'appended in bulk and read', parseCount, 100_000)
    .addOption(
      new Option('--size <bytes>', 'of each payload').argParser(parseSize).default(200, '200B'),
    )
    .option('--batch <number>', 'events of one append in bulk', parseCount, 100)
    .option('--in-flight <number>', 'appends in bulk under way at a time', parseCount, 16)
    .action(async (options: Options) => {
      await withLog(shell, options, { create: true }, (log) => bench(shell, log, options))
    })
  return withManual(command, {
    details: [
      `It appends to a topic of its own, goethe-bench-…, and removes that again, also on Ctrl-C; the
rest of the log stays as it is. What is measured is this log as it is: the disk under it, the server
and network between, and whatever else the machine does meanwhile.

  lone appends                one after the other, each acknowledged before the next
  appends under way together  single events, hundreds of them at a time: the log writes them together
  bulk appends                --batch events in one call, --in-flight calls at a time
  read                        all of it; what was just written is mostly in memory, so a cold disk is slower`,
    ],
    examples: [
      ['goethe bench --data my-log', 'the disk'],
      ['goethe bench --server goethe://log:1337 --size 1kB', 'a server, and the way to it'],
    ],
  })
}

async function bench(shell: Shell, log: EventLogApi, options: Options): Promise<void> {
  const { output, notes, signal } = shell
  const json = isJson(options, output)
  const topic = `goethe-bench-${randomUUID()}`
  const results: BenchResult[] = []
  let durability: Durability = 'memory'
  let progress: Progress | undefined
  try {
    const phases = runBench(log, {
      topic,
      events: options.events,
      sizeBytes: options.size,
      batch: options.batch,
      inFlight: options.inFlight,
      signal,
      onPhase: (title) => {
        progress?.stop()
        progress = new Progress(shell, { title, unit: 'events' })
      },
      onProgress: (done) => progress?.update(done),
    })
    for await (const result of phases) {
      durability = result.durability
      if (json) await output.json(rounded(result))
      else results.push(result)
    }
  } finally {
    progress?.stop()
    await remove(log, topic)
  }
  if (json) return
  await output.lines(tableLines(results, columns, output.colors))
  await notes.line(
    `\nPayloads of ${formatSize(options.size)}; an append counts once it is ${durabilityText[durability]}.`,
  )
}

const columns = [
  { title: 'WHAT', cell: ({ phase }: BenchResult) => phase },
  { title: 'EVENTS', cell: ({ events }: BenchResult) => formatCount(events), right: true },
  { title: 'TOOK', cell: ({ ms }: BenchResult) => formatDuration(ms), right: true },
  {
    title: 'EVENTS/S',
    cell: ({ eventsPerSecond }: BenchResult) => formatCount(eventsPerSecond),
    right: true,
  },
  {
    title: 'PAYLOAD/S',
    cell: ({ bytesPerSecond }: BenchResult) => formatSize(bytesPerSecond),
    right: true,
  },
  { title: 'MEDIAN', cell: ({ p50Ms }: BenchResult) => milliseconds(p50Ms), right: true },
  { title: '99 %', cell: ({ p99Ms }: BenchResult) => milliseconds(p99Ms), right: true },
]

function milliseconds(ms: number | undefined): string {
  return ms === undefined ? '' : `${ms.toFixed(ms < 10 ? 2 : 0)} ms`
}

/** Measured numbers are not as exact as a double can be. */
function rounded(result: BenchResult): Record<string, unknown> {
  const entries = Object.entries(result).map(([name, value]) => [
    name,
    typeof value === 'number' ? Math.round(value * 1000) / 1000 : value,
  ])
  return Object.fromEntries(entries) as Record<string, unknown>
}

async function remove(log: EventLogApi, topic: string): Promise<void> {
  try {
    await log.deleteTopic(topic)
  } catch (error) {
    // Where the first append failed, there is nothing to remove.
    if (!isGoetheError(error, 'GOETHE_TOPIC_NOT_FOUND')) throw error
  }
}
