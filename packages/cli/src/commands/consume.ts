import { type ConsumerOptions, type Delivery, type EventLogApi, isGoetheError } from '@goethe/core'
import { type Command, Option } from 'commander'
import { runDeliveries } from '../delivery-loop.js'
import { formatDuration, parseDuration, parsePositiveDuration } from '../duration.js'
import { runForEvent } from '../event-command.js'
import { eventFields, eventLine } from '../event-view.js'
import { messageOf } from '../failure.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { withLog } from '../open-log.js'
import { jsonLine } from '../output.js'
import { type PayloadForm, escapeControls, parsePayloadForm } from '../payload.js'
import { positionHelp, positionParser } from '../position.js'
import { parseCount } from '../quantity.js'
import type { Shell } from '../shell.js'

interface Options extends LogCommandOptions {
  consumer: string
  exec?: string
  from?: Exclude<ConsumerOptions['from'], undefined>
  parallel: number
  retryDelay: number
  ackTimeout: number
  maxInFlight?: number
  maxAttempts?: number
  deadLetter?: string
  limit?: number
  drain?: true
  payload: PayloadForm
}

/** Printed events that may wait for their acknowledgement to be stored. */
const printedInFlight = 256

export function consumeCommand(shell: Shell): Command {
  const command = logCommand('consume', 'Take part in the work on a topic, event by event.')
    .argument('<topic>')
    .requiredOption('-c, --consumer <name>', 'all who use the same name share the events')
    .option('-x, --exec <command>', 'run this for each event, instead of printing it')
    .option('-P, --parallel <number>', 'commands that run at the same time', parseCount, 1)
    .addOption(
      new Option('--retry-delay <duration>', 'after a command failed')
        .argParser(parseDuration)
        .default(1000, '1s'),
    )
    .addOption(
      new Option('--ack-timeout <duration>', 'then others get what a dead process held')
        .argParser(parsePositiveDuration)
        .default(30_000, '30s'),
    )
    .addOption(
      new Option(
        '--max-attempts <number>',
        'then the event is set aside (needs --dead-letter)',
      ).argParser(parseCount),
    )
    .option('--dead-letter <topic>', 'where events go whose attempts are used up')
    .option(
      '--max-in-flight <number>',
      'events held at a time (default: 256; with --exec as --parallel)',
      parseCount,
    )
    .option(
      '-f, --from <position>',
      'where a new consumer starts (default: start)',
      positionParser(),
    )
    .option('-n, --limit <number>', 'end after so many events', parseCount)
    .option('--drain', 'end when nothing is left, instead of waiting for more')
    .option('-p, --payload <form>', 'auto, text, json, hex or base64', parsePayloadForm, 'auto')
    .action(async (topic: string, options: Options) => {
      await withLog(shell, options, { create: false }, (log) => consume(shell, log, topic, options))
      shell.signal.throwIfAborted()
    })
  return withManual(command, {
    details: [
      `Each event goes to one of the consumers of the same name, at least once. Without --exec it is
printed, and acknowledged when the operating system has taken the line. With --exec the command
gets the payload on standard input and in its environment
  GOETHE_TOPIC  GOETHE_SEQUENCE  GOETHE_EVENT_ID  GOETHE_EVENT_TIME  GOETHE_ATTEMPT
Exit code 0 acknowledges the event; with any other it is delivered again after --retry-delay. As
long as the command runs, the time-out is extended. Ctrl-C waits for commands that run; a second
one does not.`,
      'Durations: 500ms, 30s, 5m, 1h30m, 7d.',
      positionHelp,
    ],
    examples: [
      ['goethe consume orders --consumer billing', 'see what is left, and note that it was seen'],
      [`goethe consume mails -c mailer --exec 'sendmail -t' --parallel 4`, 'a worker'],
      [
        'goethe consume mails -c mailer -x ./send --max-attempts 5 --dead-letter mails-failed',
        'that sets aside what it cannot do',
      ],
      [
        'goethe consume orders -c nightly --drain --json > orders.ndjson',
        'what came since last time',
      ],
    ],
  })
}

async function consume(
  shell: Shell,
  log: EventLogApi,
  topic: string,
  options: Options,
): Promise<void> {
  const { consumer: name, exec, drain, limit } = options
  const parallel = exec === undefined ? (options.maxInFlight ?? printedInFlight) : options.parallel
  const consumer = log.consumer(topic, name, {
    from: options.from,
    maxInFlight: options.maxInFlight ?? parallel,
    ackTimeoutMs: options.ackTimeout,
    maxAttempts: options.maxAttempts,
    deadLetter: options.deadLetter,
  })
  await runDeliveries(consumer, {
    handle: exec === undefined ? printer(shell, options) : runner(shell, exec, options),
    parallel,
    limit,
    isDrained: drain ? async () => (await log.cursor(topic, name).lag()) === 0 : undefined,
    signal: shell.signal,
  })
}

function printer(
  { output, notes }: Shell,
  options: Options,
): (delivery: Delivery) => Promise<void> {
  const json = isJson(options, output)
  const { payload: form } = options
  const { colors } = output
  return async (delivery) => {
    const { event, attempt } = delivery
    const text = json
      ? jsonLine({ ...eventFields(event, form), attempt })
      : `${eventLine(event, { form, withTopic: false, colors })}\n`
    if (await output.deliver(text)) await acknowledge(delivery, notes)
  }
}

function runner(
  { environment, notes }: Shell,
  command: string,
  { ackTimeout, retryDelay, maxAttempts, deadLetter }: Options,
): (delivery: Delivery) => Promise<void> {
  return async (delivery) => {
    const extension = setInterval(() => {
      delivery.extend()
    }, ackTimeout / 3)
    const failure = await runForEvent(command, delivery, environment).finally(() => {
      clearInterval(extension)
    })
    if (failure === undefined) return acknowledge(delivery, notes)
    const { event, attempt } = delivery
    const isLast = maxAttempts !== undefined && attempt >= maxAttempts
    const next = isLast
      ? `that was the last attempt, it goes to ${escapeControls(deadLetter!)}`
      : `it comes again after ${formatDuration(retryDelay)}`
    await notes.line(
      `goethe: Event #${event.sequence}, attempt ${attempt}: the command ${failure}; ${next}`,
    )
    await unlessExpired(() => delivery.nack({ delayMs: retryDelay }))
  }
}

async function acknowledge(delivery: Delivery, notes: Shell['notes']): Promise<void> {
  await unlessExpired(
    () => delivery.ack(),
    (error) => notes.line(`goethe: ${messageOf(error)}`),
  )
}

/** An event that went to somebody else meanwhile is handled twice, which is no failure. */
async function unlessExpired(
  work: () => Promise<void>,
  tell: (error: unknown) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isGoetheError(error, 'GOETHE_DELIVERY_EXPIRED')) throw error
    await tell(error)
  }
}
