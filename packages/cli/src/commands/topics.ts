import type { TopicDescription } from '@goethe/core'
import type { Command } from 'commander'
import { mapSome, topicPages } from '../all-topics.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { withLog } from '../open-log.js'
import { escapeControls } from '../payload.js'
import { formatCount, formatSize } from '../quantity.js'
import type { Shell } from '../shell.js'
import { tableLines } from '../table.js'
import { formatTime } from '../time.js'

interface Options extends LogCommandOptions {
  prefix?: string
  names?: true
}

export function topicsCommand(shell: Shell): Command {
  const command = logCommand('topics', 'List the topics, with what is in them.')
    .option('-p, --prefix <text>', 'only those that begin like this')
    .option('--names', 'only their names, one a line')
    .action(async (options: Options) => {
      const { output, signal } = shell
      await withLog(shell, options, { create: false }, async (log) => {
        const all: TopicDescription[] = []
        for await (const page of topicPages(log, options.prefix)) {
          signal.throwIfAborted()
          if (options.names) {
            await output.lines(page.map(escapeControls))
            continue
          }
          const topics = await mapSome(page, (topic) => log.describe(topic))
          if (!isJson(options, output)) all.push(...topics)
          else for (const topic of topics) await output.json(topic)
        }
        if (all.length > 0) await output.lines(tableLines(all, columns, output.colors))
        else if (!options.names && !isJson(options, output)) await shell.notes.line('no topics yet')
      })
    })
  return withManual(command, {
    details: ['Bytes are those of the payloads of events that are still there.'],
    examples: [
      ['goethe topics', 'all of them'],
      ["goethe topics --prefix sensor- --names | xargs -d'\\n' -n1 goethe describe", 'in turn'],
    ],
  })
}

const columns = [
  { title: 'TOPIC', cell: ({ topic }: TopicDescription) => escapeControls(topic) },
  { title: 'EVENTS', cell: ({ count }: TopicDescription) => formatCount(count), right: true },
  { title: 'SIZE', cell: ({ bytes }: TopicDescription) => formatSize(bytes), right: true },
  {
    title: 'FIRST',
    cell: ({ first }: TopicDescription) => (first === undefined ? '–' : formatTime(first.time)),
  },
  { title: 'LAST', cell: ({ last }: TopicDescription) => formatTime(last.time) },
]
