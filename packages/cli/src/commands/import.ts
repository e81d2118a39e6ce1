import type { EventLogApi } from '@goethe/core'
import { type Command, Option } from 'commander'
import { appendedFields, appendedLine, lateLine } from '../append-summary.js'
import { BatchAppender } from '../batch-appender.js'
import { ImportPlan } from '../import-plan.js'
import { openInput } from '../input.js'
import { checkLineFormat, exportedLineParser, lineParser } from '../line-events.js'
import { linesOf } from '../lines.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { withLog } from '../open-log.js'
import { Progress } from '../progress.js'
import { plural } from '../quantity.js'
import type { Shell } from '../shell.js'

interface Options extends LogCommandOptions {
  topic?: string
  topicField?: string
  timeField?: string
  resume?: true
  add?: true
  allowLate?: true
}

export function importCommand(shell: Shell): Command {
  const command = logCommand('import', 'Append archives of JSON lines under times of their own.')
    .argument('[file...]', 'in their order; gzip is recognised, - is standard input', ['-'])
    .option('--topic <topic>', 'the topic of all lines, or of those that name none')
    .option('--topic-field <field>', 'the field that names the topic, or a path: data.source')
    .option('--time-field <field>', 'the field that holds the time (default: the time of receipt)')
    .option('--resume', 'go on with an import that was interrupted: skip what is there already')
    .addOption(
      new Option('--add', 'append to topics that have other events already').conflicts('resume'),
    )
    .option('--allow-late', 'take events whose time lies before the last one, right behind that')
    .action(async (files: string[], options: Options) => {
      if (isForeign(options)) checkLineFormat(options)
      await withLog(shell, options, { create: true }, (log) => run(shell, log, files, options))
    })
  return withManual(command, {
    details: [
      `Without --topic and --topic-field the lines are those of goethe export, and events come back
under their topics, ids and payloads. Otherwise the whole line becomes the payload.

A time is an ISO date (UTC unless it names a zone), or a UNIX time in s, ms, µs or ns, told apart
by its size. Ids are times and only ascend in the whole log: sort the lines by time, and import
them into a new log or one whose last event is older.

An import that was interrupted has appended the first lines of each topic and no others: with
--resume the same command goes on there. It compares the last event with the input, so that
another file is not taken for the same. Each event is appended only if exactly those before it are
there: nobody else can append to these topics in between (exit code 4).`,
    ],
    examples: [
      [
        'goethe import events.ndjson.gz --topic-field source --time-field time --data new-log',
        'CloudEvents, to a topic for each source',
      ],
      ['goethe import 2024.ndjson 2025.ndjson --topic orders --time-field created', 'two files'],
      ['goethe export --data old | goethe import --data new', 'what goethe export has written'],
    ],
  })
}

function isForeign({ topic, topicField, timeField }: Options): boolean {
  return topic !== undefined || topicField !== undefined || timeField !== undefined
}

async function run(
  shell: Shell,
  log: EventLogApi,
  files: readonly string[],
  options: Options,
): Promise<void> {
  const { output, notes } = shell
  const parse = isForeign(options) ? lineParser(options) : exportedLineParser()
  const plan = new ImportPlan(log, {
    resume: options.resume ?? false,
    add: options.add ?? false,
    allowLate: options.allowLate ?? false,
  })
  const appender = new BatchAppender(log)
  try {
    for (const file of files) {
      const input = await openInput(shell, file)
      const progress = new Progress(shell, {
        title: `Importing ${input.name}`,
        unit: 'bytes',
        total: input.sizeBytes,
      })
      let number = 0
      try {
        for await (const lines of linesOf(input)) {
          for (const line of lines) {
            number++
            if (isBlank(line)) continue
            const where = `Line ${number} of ${input.name}`
            const event = parse(line, where)
            const expect = await plan.expectationFor(event, where)
            if (expect !== undefined) await appender.add(event, expect)
          }
          progress.update(input.bytesRead)
        }
      } finally {
        progress.stop()
      }
    }
    await appender.finish()
  } catch (error) {
    await appender.settle()
    const { count } = appender.appended
    if (count > 0) {
      await notes.line(
        `${plural(count, 'event')} were appended; pass --resume to go on behind them`,
      )
    }
    throw error
  }
  const { appended } = appender
  if (isJson(options, output)) {
    return output.json({ ...appendedFields(appended), skipped: plan.skipped })
  }
  if (plan.skipped > 0) await output.line(`${plural(plan.skipped, 'event')} were there already`)
  await output.line(appendedLine(appended))
  const late = lateLine(appended)
  if (late !== undefined) await notes.line(late)
}

function isBlank(line: Uint8Array): boolean {
  return line.length === 0 || (line.length === 1 && line[0] === 0x0d)
}
