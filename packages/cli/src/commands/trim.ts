import type { EventLogApi, TrimOptions } from '@goethe/core'
import { type Command, InvalidArgumentError } from 'commander'
import { confirm } from '../confirm.js'
import { exitCode } from '../exit-code.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { withLog } from '../open-log.js'
import { escapeControls } from '../payload.js'
import { positionParser } from '../position.js'
import { plural } from '../quantity.js'
import type { Shell } from '../shell.js'

interface Options extends LogCommandOptions {
  before: TrimOptions['before']
  dryRun?: true
  yes?: true
}

export function trimCommand(shell: Shell): Command {
  const command = logCommand('trim', 'Remove the oldest events of a topic.')
    .argument('<topic>')
    .requiredOption('-b, --before <position>', 'all before this time, id or sequence', parseBefore)
    .option('--dry-run', 'only tell how many that would be')
    .option('-y, --yes', 'without being asked')
    .action(async (topic: string, options: Options) => {
      const { output } = shell
      const json = isJson(options, output)
      await withLog(shell, options, { create: false }, async (log) => {
        const count = await countBefore(log, topic, options.before)
        const name = escapeControls(topic)
        if (options.dryRun) {
          return json
            ? output.json({ topic, wouldRemove: count })
            : output.line(`${plural(count, 'event')} of ${name} would be removed, unless held`)
        }
        if (count > 0) {
          await confirm(shell, `Remove ${plural(count, 'event')} of ${name} for good?`, options)
        }
        const result = await log.trim(topic, { before: options.before })
        if (json) return output.json({ topic, ...result })
        const held = result.heldBy
        await output.line(
          `${plural(result.count, 'event')} of ${name} removed` +
            (held === undefined ? '' : `; the rest is held by ${escapeControls(held)}`),
        )
      })
    })
  return withManual(command, {
    details: [
      `The events are gone for good; sequences and ids of the others stay as they are. What a cursor
that holds has not passed is kept. goethe retention does the same all the time.
Without a terminal to ask on, --yes is needed (exit code ${exitCode.wrongUsage} otherwise).`,
    ],
    examples: [
      ['goethe trim orders --before 2024-01-01 --dry-run', 'how many are older?'],
      ['goethe trim orders --before -90d --yes', 'remove what is older than 90 days'],
      ['goethe trim orders --before seq:1000', 'remove #1 to #999'],
    ],
  })
}

const parse = positionParser()

function parseBefore(text: string): TrimOptions['before'] {
  const position = parse(text)
  if (position instanceof Date || typeof position === 'bigint' || typeof position === 'number') {
    return position
  }
  throw new InvalidArgumentError('It should be a time, an id or a sequence.')
}

/** How many events there are before a position; held ones included. */
async function countBefore(
  log: EventLogApi,
  topic: string,
  before: TrimOptions['before'],
): Promise<number> {
  const { first, last, count } = await log.describe(topic)
  if (first === undefined) return 0
  const kept = await log.seek(topic, before)
  return kept === undefined ? count : Math.min(kept.sequence, last.sequence) - first.sequence
}
