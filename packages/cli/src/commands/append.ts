import { readFile } from 'node:fs/promises'
import type { EventLogApi, Expectation } from '@goethe/core'
import type { Command } from 'commander'
import { appendedFields, appendedLine, lateLine } from '../append-summary.js'
import { type Appended, BatchAppender } from '../batch-appender.js'
import { exitCode } from '../exit-code.js'
import { parseExpectation } from '../expectation.js'
import { Failure } from '../failure.js'
import { openInput, unreadable } from '../input.js'
import { checkLineFormat, lineParser } from '../line-events.js'
import { linesOf } from '../lines.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { withLog } from '../open-log.js'
import type { Shell } from '../shell.js'

interface Options extends LogCommandOptions {
  file?: string[]
  lines?: string
  whole?: true
  expect?: Expectation
  topicField?: string
  timeField?: string
}

export function appendCommand(shell: Shell): Command {
  const command = logCommand('append', 'Append events to a topic.')
    .argument('[topic]', 'the topic; it comes to be with its first event')
    .argument('[payload...]', 'a payload as text; several are appended all or nothing')
    .option('-f, --file <path...>', 'the whole file is one event; with several, all or nothing')
    .option('-l, --lines <path>', 'each line of this file is an event (default: "-")')
    .option('--whole', 'all of standard input is one event')
    .option(
      '--expect <state>',
      'only if the topic is like this: empty, a sequence or an id',
      parseExpectation,
    )
    .option('--topic-field <field>', 'lines are JSON, and this field names the topic')
    .option('--time-field <field>', 'lines are JSON, and this field holds the time')
    .action(async (topic: string | undefined, payloads: string[], options: Options) => {
      const isWhole = payloads.length > 0 || options.file !== undefined || options.whole === true
      if (isWhole) checkWhole(topic, options)
      else checkLines(topic, options)
      await withLog(shell, options, { create: true }, async (log) => {
        const appended = isWhole
          ? await appendTogether(log, topic!, await payloadsOf(shell, payloads, options), options)
          : await appendLines(shell, log, topic, options)
        await print(shell, appended, options)
      })
    })
  return withManual(command, {
    details: [
      `Without a payload, each line of standard input is an event; gzip is recognised and unpacked.
A line is appended as soon as it is read, so a pipe that never ends works.

A field is a name, or a path such as data.created. Its time is an ISO date (UTC unless it names a
zone) or a UNIX time in s, ms, µs or ns, told apart by its size. Ids only ascend: an event older
than the last one of the log comes right behind that. For whole archives, see goethe import.

--expect makes an append safe against others: with 5, it happens only if the last event of the
topic is #5; otherwise nothing is appended and the exit code is 4. Of lines, each follows the one
before it, or is not appended.`,
    ],
    examples: [
      [`goethe append orders '{"item":"Faust"}'`, 'one event'],
      ['goethe append orders < orders.ndjson', 'an event for each line'],
      ['tail -F access.log | goethe append requests', 'and for each that will come'],
      ['goethe append photos --file a.jpg b.jpg', 'whole files'],
      [`goethe append account-7 '{"withdrawn":50}' --expect 1`, 'only if nobody was faster'],
      [
        'goethe append --topic-field source --time-field time --lines events.ndjson.gz',
        'to many topics, under times of their own',
      ],
    ],
  })
}

function checkWhole(
  topic: string | undefined,
  { topicField, timeField, whole, file, lines }: Options,
): void {
  const advice = 'See goethe append --help'
  if (topic === undefined) {
    throw new Failure('No topic is named to append to', {
      advice,
      exitCode: exitCode.wrongUsage,
    })
  }
  if (topicField !== undefined || timeField !== undefined) {
    throw new Failure('--topic-field and --time-field are for lines, not for single payloads', {
      advice,
      exitCode: exitCode.wrongUsage,
    })
  }
  if (lines !== undefined) {
    throw new Failure('--lines appends line by line, and payloads go together: choose one', {
      advice,
      exitCode: exitCode.wrongUsage,
    })
  }
  if (whole && file !== undefined) {
    throw new Failure('--whole reads standard input and --file a file: choose one', {
      exitCode: exitCode.wrongUsage,
    })
  }
}

function checkLines(topic: string | undefined, { topicField, timeField, expect }: Options): void {
  checkLineFormat({ topic, topicField })
  if (expect === undefined || (topicField === undefined && timeField === undefined)) return
  throw new Failure('--expect is about one topic and the present: leave out the fields', {
    exitCode: exitCode.wrongUsage,
  })
}

async function payloadsOf(
  shell: Shell,
  texts: readonly string[],
  { file = [], whole }: Options,
): Promise<Uint8Array[]> {
  const payloads: Uint8Array[] = texts.map((text) => Buffer.from(text))
  for (const path of file) {
    payloads.push(
      await readFile(path).catch((cause: NodeJS.ErrnoException) => {
        throw unreadable(path, cause)
      }),
    )
  }
  if (whole) {
    const chunks: Uint8Array[] = []
    for await (const chunk of shell.input as AsyncIterable<Uint8Array>) chunks.push(chunk)
    payloads.push(Buffer.concat(chunks))
  }
  return payloads
}

async function appendTogether(
  log: EventLogApi,
  topic: string,
  payloads: readonly Uint8Array[],
  { expect }: Options,
): Promise<Appended> {
  const receipt = await log.append(topic, payloads, expect === undefined ? {} : { expect })
  const bytes = payloads.reduce((sum, { length }) => sum + length, 0)
  const topics = new Set([topic])
  return { count: receipt.count, bytes, topics, first: receipt, last: receipt, late: 0 }
}

async function appendLines(
  shell: Shell,
  log: EventLogApi,
  topic: string | undefined,
  { lines: path = '-', expect, topicField, timeField }: Options,
): Promise<Appended> {
  if (path === '-' && shell.input.isTTY) {
    await shell.notes.line('Each line that you type is an event; Ctrl-D ends.')
  }
  const parse = lineParser({ topic, topicField, timeField })
  const input = await openInput(shell, path)
  const appender = new BatchAppender(log, { expect })
  let number = 0
  try {
    for await (const lines of linesOf(input)) {
      for (const line of lines) {
        number++
        await appender.add(parse(line, `Line ${number} of ${input.name}`))
      }
      // What has come is appended, however long the next line takes.
      await appender.flush()
    }
    return await appender.finish()
  } finally {
    await appender.settle()
  }
}

async function print(
  { output, notes }: Shell,
  appended: Appended,
  options: Options,
): Promise<void> {
  if (isJson(options, output)) return output.json(appendedFields(appended))
  await output.line(appendedLine(appended))
  const late = lateLine(appended)
  if (late !== undefined) await notes.line(late)
}
