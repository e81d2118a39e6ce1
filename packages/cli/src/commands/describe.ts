import type { ConsistencyOptions, EventPlace, TopicDescription } from '@goethe/core'
import type { Command } from 'commander'
import { consistencyOption } from '../consistency-option.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { withLog } from '../open-log.js'
import { escapeControls } from '../payload.js'
import { formatCount, formatSize } from '../quantity.js'
import { retentionText } from '../retention-text.js'
import type { Shell } from '../shell.js'
import { fieldLines } from '../table.js'

export function describeCommand(shell: Shell): Command {
  const command = logCommand('describe', 'Print what there is to know of a topic.')
    .argument('<topic>')
    .addOption(consistencyOption())
    .action(async (topic: string, options: LogCommandOptions & ConsistencyOptions) => {
      const { output } = shell
      await withLog(shell, options, { create: false }, async (log) => {
        const description = await log.describe(topic, { consistency: options.consistency })
        if (isJson(options, output)) return output.json(description)
        await output.lines(fieldLines(fieldsOf(description)))
      })
    })
  return withManual(command, { examples: [['goethe describe orders', 'first, last, how many']] })
}

function fieldsOf(topic: TopicDescription): [name: string, value: string][] {
  return [
    ['topic', escapeControls(topic.topic)],
    ['created', topic.createdAt.toISOString()],
    ['events', formatCount(topic.count)],
    ['size', `${formatSize(topic.bytes)} of payload`],
    ['first', topic.first === undefined ? 'none, all were trimmed' : placeText(topic.first)],
    ['last', placeText(topic.last)],
    ['retention', retentionText(topic.retention)],
  ]
}

function placeText({ time, sequence, id }: EventPlace): string {
  return `${time.toISOString()} #${sequence} id ${id}`
}
