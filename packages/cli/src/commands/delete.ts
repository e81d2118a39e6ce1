import type { Command } from 'commander'
import { confirm } from '../confirm.js'
import { exitCode } from '../exit-code.js'
import { Failure } from '../failure.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { withLog } from '../open-log.js'
import { escapeControls } from '../payload.js'
import { plural } from '../quantity.js'
import type { Shell } from '../shell.js'

interface Options extends LogCommandOptions {
  consumer?: string
  yes?: true
}

export function deleteCommand(shell: Shell): Command {
  const command = logCommand('delete', 'Remove a topic with all that is in it, or only a consumer.')
    .argument('<topic>')
    .option('-c, --consumer <name>', 'forget this consumer, and leave the topic as it is')
    .option('-y, --yes', 'without being asked')
    .action(async (topic: string, options: Options) => {
      const { consumer } = options
      const { output } = shell
      const name = escapeControls(topic)
      await withLog(shell, options, { create: false }, async (log) => {
        const { count } = await log.describe(topic)
        if (consumer === undefined) {
          await confirm(shell, `Remove ${name} with ${plural(count, 'event')} for good?`, options)
          await log.deleteTopic(topic)
        } else {
          const cursor = log.cursor(topic, consumer)
          const position = await cursor.position()
          if (position === undefined) {
            throw new Failure(`There is no consumer ${consumer} of ${topic}`, {
              advice: `\`goethe cursors ${topic}\` lists those that are there`,
              exitCode: exitCode.notFound,
            })
          }
          const where = `Forget that ${escapeControls(consumer)} of ${name} is at #${position.sequence}?`
          await confirm(shell, where, options)
          await cursor.delete()
        }
        if (isJson(options, output)) return output.json({ topic, consumer, deleted: true })
        const what = consumer === undefined ? name : `${escapeControls(consumer)} of ${name}`
        await output.line(`${what} deleted`)
      })
    })
  return withManual(command, {
    details: [
      `A topic goes with its events, consumers and settings; appending to it later begins a new one
with sequence 1. Without a terminal to ask on, --yes is needed.`,
    ],
    examples: [
      ['goethe delete scratch --yes', 'a topic'],
      [
        'goethe delete orders --consumer billing',
        'a consumer: its next reader begins at the start',
      ],
    ],
  })
}
