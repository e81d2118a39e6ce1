import type { EventPlace, TopicDescription } from '@goethe/core'
import { Command } from 'commander'
import { dataOption } from '../arguments.js'
import { Output } from '../output.js'
import { withLog } from '../with-log.js'

export function describeCommand(): Command {
  return new Command('describe')
    .description('Print what there is to know of a topic.')
    .argument('<topic>')
    .addOption(dataOption())
    .option('--json', 'as a JSON object')
    .action(async (topic: string, { data, json }: { data: string; json?: true }) => {
      const output = new Output()
      await withLog(data, { create: false }, async (log) => {
        const description = await log.describe(topic)
        if (json) return output.line(JSON.stringify(description, idsAsText))
        for (const [name, value] of fieldsOf(description)) {
          await output.line(`${name.padEnd(10)} ${value}`)
        }
      })
    })
}

function fieldsOf(topic: TopicDescription): [name: string, value: string][] {
  const { retention } = topic
  return [
    ['topic', topic.topic],
    ['created', topic.createdAt.toISOString()],
    ['events', String(topic.count)],
    ['bytes', String(topic.bytes)],
    ['first', topic.first === undefined ? 'none, all were trimmed' : placeOf(topic.first)],
    ['last', placeOf(topic.last)],
    ['retention', retention === null ? 'keeps everything' : JSON.stringify(retention)],
  ]
}

function placeOf({ time, sequence, id }: EventPlace): string {
  return `${time.toISOString()} #${sequence} id ${id}`
}

function idsAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
