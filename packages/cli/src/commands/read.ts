import type {
  ConsistencyOptions,
  EventLogApi,
  LogEvent,
  Position,
  ReadOptions,
  TopicSelector,
} from '@goethe/core'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { consistencyOption } from '../consistency-option.js'
import { eventFields, eventLine } from '../event-view.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { checkNamedTopic } from '../named-topic.js'
import { withLog } from '../open-log.js'
import { type Output, jsonLine } from '../output.js'
import { type PayloadForm, parsePayloadForm, showPayload } from '../payload.js'
import { idOrTimeParser, parseSelector, positionHelp, positionParser } from '../position.js'
import { parseCount } from '../quantity.js'
import type { Shell } from '../shell.js'

interface Options extends LogCommandOptions, ConsistencyOptions {
  from?: Position | undefined
  to?: bigint | Date
  follow?: true
  reverse?: true
  limit?: number
  tail?: number
  payload: PayloadForm
  payloads?: true
  separator: string
}

export function readCommand(shell: Shell): Command {
  const command = logCommand('read', 'Print the events of a topic, of several, or of all.')
    .argument('<topics>', "a topic, 'prefix*', or '*' for all", parseSelector)
    .option(
      '-f, --from <position>',
      'begin here (default: start; with --reverse: end)',
      positionParser(),
    )
    .option('-t, --to <position>', 'read up to here: a time or an id', idOrTimeParser())
    .option('-n, --limit <number>', 'at most so many events', parseCount)
    .option('-r, --reverse', 'the newest first')
    .option('-F, --follow', 'at the end, wait for what comes next; Ctrl-C ends')
    .addOption(
      new Option('--tail <number>', 'begin so many events before the end')
        .argParser(parseCount)
        .conflicts(['from', 'reverse']),
    )
    .addOption(consistencyOption())
    .option(
      '-p, --payload <form>',
      'auto, text, json, hex, base64 or raw',
      parsePayloadForm,
      'auto',
    )
    .option('--payloads', 'only the payloads; the same as --payload raw')
    .addOption(
      new Option('--separator <which>', 'behind raw payloads: newline, nul or none')
        .argParser(parseSeparator)
        .default('\n', 'newline'),
    )
    .action(async (topics: TopicSelector, options: Options) => {
      if (options.payloads) options.payload = 'raw'
      await withLog(shell, options, { create: false }, async (log) => {
        const from = options.tail === undefined ? options.from : await tailOf(log, topics, options)
        const events = await printEvents(shell, log, topics, { ...options, from })
        if (events === 0) await checkNamedTopic(log, topics, options)
      })
    })
  return withManual(command, {
    details: [
      positionHelp,
      `Payloads:
  auto    text where they are UTF-8, else their size and beginning (as JSON: payloadBase64)
  text    always as text; bytes that are none become �
  json    on a terminal indented; with --json as a value inside of the object
  hex, base64
  raw     nothing but the payload, byte by byte, and a line feed (--separator)
  On a terminal, control characters in payloads are shown and not obeyed.`,
    ],
    examples: [
      ['goethe read orders --from 2019-05-03 --limit 10', 'what happened at and after a date'],
      ["goethe read '*' --reverse --limit 1", 'the last event of all'],
      ['goethe read orders --tail 10 --follow', 'the last ten, then what comes'],
      ['goethe read orders --tail 1 --consistency linearizable', 'the last one, whoever leads'],
      ["goethe read 'sensor-*' --from -1h", 'the last hour of many topics'],
      ['goethe read orders --payloads | jq .item', 'payloads for another program'],
      ['goethe read photos --from seq:7 --limit 1 -p raw --separator none > 7.jpg', 'one payload'],
    ],
  })
}

function parseSeparator(text: string): string {
  if (text === 'newline') return '\n'
  if (text === 'nul') return '\0'
  if (text === 'none') return ''
  throw new InvalidArgumentError('It should be newline, nul or none.')
}

/** Where the last events begin. */
async function tailOf(
  log: EventLogApi,
  topics: TopicSelector,
  { tail, consistency }: Options,
): Promise<Position | undefined> {
  let id: bigint | undefined
  const last = { reverse: true, limit: tail, consistency }
  for await (const events of log.read(topics, last).batches()) {
    id = events.at(-1)!.id
  }
  return id
}

async function printEvents(
  { output, signal }: Shell,
  log: EventLogApi,
  topics: TopicSelector,
  options: Options,
): Promise<number> {
  const { from, to, limit, reverse, follow, consistency } = options
  const readOptions: ReadOptions = { from, to, limit, reverse, follow, consistency, signal }
  const print = printerOf(output, topics, options)
  let count = 0
  for await (const events of log.read(topics, readOptions).batches()) {
    count += events.length
    // One write for many events, but not so large that the first of them waits.
    for (let start = 0; start < events.length; start += eventsPerWrite) {
      await output.write(print(events.slice(start, start + eventsPerWrite)))
      signal.throwIfAborted()
    }
  }
  return count
}

const eventsPerWrite = 256

function printerOf(
  output: Output,
  topics: TopicSelector,
  options: Options,
): (events: readonly LogEvent[]) => string | Uint8Array {
  const { payload: form, separator } = options
  if (form === 'raw') {
    if (output.isTerminal) return (events) => joined(events, (event) => showPayload(event.payload))
    const end = Buffer.from(separator)
    return (events) => Buffer.concat(events.flatMap(({ payload }) => [payload, end]))
  }
  if (isJson(options, output)) {
    return (events) => events.map((event) => jsonLine(eventFields(event, form))).join('')
  }
  const withTopic = topics === '*' || typeof topics === 'object'
  const { colors } = output
  return (events) => joined(events, (event) => eventLine(event, { form, withTopic, colors }))
}

function joined(events: readonly LogEvent[], line: (event: LogEvent) => string): string {
  return events.map((event) => `${line(event)}\n`).join('')
}
