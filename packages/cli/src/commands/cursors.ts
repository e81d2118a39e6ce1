import type { CursorDescription, CursorsOptions, EventLogApi } from '@goethe/core'
import type { Command } from 'commander'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { checkNamedTopic } from '../named-topic.js'
import { withLog } from '../open-log.js'
import { escapeControls } from '../payload.js'
import { formatCount } from '../quantity.js'
import type { Shell } from '../shell.js'
import { tableLines } from '../table.js'
import { formatTime } from '../time.js'

const pageSize = 1000

export function cursorsCommand(shell: Shell): Command {
  const command = logCommand('cursors', 'List the consumers, where they stand and what they lag.')
    .argument('[topic]', 'only of this topic')
    .action(async (topic: string | undefined, options: LogCommandOptions) => {
      const { output, notes } = shell
      await withLog(shell, options, { create: false }, async (log) => {
        const cursors: CursorDescription[] = []
        for await (const page of cursorPages(log, topic)) cursors.push(...page)
        if (topic !== undefined && cursors.length === 0) await checkNamedTopic(log, topic)
        if (isJson(options, output)) {
          for (const cursor of cursors) await output.json(cursor)
        } else if (cursors.length > 0) {
          await output.lines(tableLines(cursors, columns, output.colors))
        } else await notes.line('no consumers yet')
      })
    })
  return withManual(command, {
    details: [
      `POSITION is the last event that was committed, LAG how many are still to be handled. A cursor
that holds keeps trim and retention from removing what it has not passed.
goethe seek moves a cursor, goethe delete TOPIC --consumer NAME forgets it.`,
    ],
    examples: [
      ['goethe cursors', 'all of them'],
      ['goethe cursors orders --json | jq .lag', 'for a check'],
    ],
  })
}

async function* cursorPages(
  log: EventLogApi,
  topic: string | undefined,
): AsyncGenerator<CursorDescription[]> {
  let after: CursorsOptions['after']
  do {
    const page = await log.cursors({ topic, after, limit: pageSize })
    yield page
    after = page.length === pageSize ? page.at(-1) : undefined
    if (after !== undefined) after = { topic: after.topic, consumer: after.consumer }
  } while (after !== undefined)
}

const columns = [
  { title: 'TOPIC', cell: ({ topic }: CursorDescription) => escapeControls(topic) },
  { title: 'CONSUMER', cell: ({ consumer }: CursorDescription) => escapeControls(consumer) },
  { title: 'POSITION', cell: ({ sequence }: CursorDescription) => `#${sequence}`, right: true },
  { title: 'LAG', cell: ({ lag }: CursorDescription) => formatCount(lag), right: true },
  {
    title: 'AHEAD',
    cell: ({ acknowledgedAhead }: CursorDescription) => formatCount(acknowledgedAhead),
    right: true,
  },
  { title: 'HOLDS', cell: ({ hold }: CursorDescription) => (hold ? 'yes' : 'no') },
  { title: 'COMMITTED', cell: ({ updatedAt }: CursorDescription) => formatTime(updatedAt) },
]
