import type { LogEvent, Position, SeekOptions } from '@goethe/core'
import { type Command, InvalidArgumentError } from 'commander'
import { eventFields, eventLine } from '../event-view.js'
import { exitCode } from '../exit-code.js'
import { Failure } from '../failure.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { withLog } from '../open-log.js'
import { type PayloadForm, parsePayloadForm } from '../payload.js'
import { positionHelp, positionParser } from '../position.js'
import type { Shell } from '../shell.js'

interface Options extends LogCommandOptions {
  consumer?: string
  hold?: boolean
  nearest?: NonNullable<SeekOptions['nearest']>
  payload: PayloadForm
}

export function seekCommand(shell: Shell): Command {
  const command = logCommand('seek', 'Show the event at a position, or move a consumer there.')
    .argument('<topic>')
    .argument('<position>', 'see below', positionParser())
    .option('-c, --consumer <name>', 'move this consumer: what is shown is what it reads next')
    .option('--hold', 'with --consumer: events that it has not passed are not removed')
    .option('--no-hold', 'with --consumer: they may be')
    .option('--nearest <which>', 'next, previous or closest (default: next)', parseNearest)
    .option('-p, --payload <form>', 'auto, text, json, hex or base64', parsePayloadForm, 'auto')
    .action(async (topic: string, position: Position, options: Options) => {
      const { consumer } = options
      check(position, options)
      await withLog(shell, options, { create: false }, async (log) => {
        await log.describe(topic)
        const { nearest } = options
        const event = await log.seek(topic, position, nearest === undefined ? {} : { nearest })
        if (consumer !== undefined) {
          const hold = options.hold === undefined ? {} : { hold: options.hold }
          const target = position as Exclude<Position, { cursor: string }>
          await log.cursor(topic, consumer, hold).seek(target)
        } else if (event === undefined) {
          throw new Failure(`The topic ${topic} has no event there`, {
            exitCode: exitCode.notFound,
          })
        }
        await print(shell, event, options)
      })
    })
  return withManual(command, {
    details: [
      `Without --consumer nothing changes. With it, whoever uses the consumer goes on from the new
position; readers that had its cursor are told that they lost it.`,
      positionHelp,
    ],
    examples: [
      ['goethe seek orders 2019-05-03 --nearest closest', 'which event is nearest to a time?'],
      ['goethe seek orders start --consumer billing', 'do everything again'],
      ['goethe seek orders end --consumer billing', 'skip what is there'],
    ],
  })
}

const nearestNames = ['next', 'previous', 'closest'] as const

function parseNearest(text: string): (typeof nearestNames)[number] {
  const name = nearestNames.find((known) => known === text)
  if (name !== undefined) return name
  throw new InvalidArgumentError(`It should be one of ${nearestNames.join(', ')}.`)
}

function check(position: Position, { consumer, hold, nearest }: Options): void {
  const wrong =
    consumer === undefined
      ? hold === undefined
        ? undefined
        : '--hold and --no-hold go with --consumer'
      : nearest !== undefined
        ? 'A consumer reads forward: --nearest does not go with --consumer'
        : typeof position === 'object' && 'cursor' in position
          ? 'A consumer cannot be moved to a cursor; give an event or a time'
          : undefined
  if (wrong !== undefined) throw new Failure(wrong, { exitCode: exitCode.wrongUsage })
}

async function print(
  { output }: Shell,
  event: LogEvent | undefined,
  options: Options,
): Promise<void> {
  const { consumer, payload: form } = options
  const { colors } = output
  if (isJson(options, output)) {
    const next = event === undefined ? null : eventFields(event, form)
    return output.json(consumer === undefined ? next : { consumer, next })
  }
  const line =
    event === undefined ? undefined : eventLine(event, { form, withTopic: false, colors })
  if (consumer === undefined) return output.line(line ?? 'no event')
  await output.line(
    line === undefined
      ? `${consumer} is at the end: it reads what comes next`
      : `${consumer} reads next:\n${line}`,
  )
}
