import type { Retention } from '@goethe/core'
import { type Command, Option } from 'commander'
import { parsePositiveDuration } from '../duration.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { withLog } from '../open-log.js'
import { escapeControls } from '../payload.js'
import { parseCount, parseSize } from '../quantity.js'
import { retentionText } from '../retention-text.js'
import type { Shell } from '../shell.js'

interface Options extends LogCommandOptions {
  age?: number
  size?: number
  count?: number
  clear?: true
}

export function retentionCommand(shell: Shell): Command {
  const command = logCommand('retention', 'Show or set what a topic keeps.')
    .argument('<topic>')
    .option('--age <duration>', 'keep events younger than this: 12h, 7d, 4w', parsePositiveDuration)
    .option('--size <bytes>', 'keep about so much of the newest payload: 10GB, 64MiB', parseSize)
    .option('--count <number>', 'keep so many of the newest events', parseCount)
    .addOption(new Option('--clear', 'keep everything').conflicts(['age', 'size', 'count']))
    .action(async (topic: string, options: Options) => {
      const { output } = shell
      const wanted = retentionOf(options)
      await withLog(shell, options, { create: false }, async (log) => {
        if (wanted !== undefined) await log.setRetention(topic, wanted)
        const { retention } = await log.describe(topic)
        if (isJson(options, output)) return output.json({ topic, retention })
        await output.line(`${escapeControls(topic)} ${retentionText(retention)}`)
      })
    })
  return withManual(command, {
    details: [
      `Without a bound it shows what is set. Bounds that are given replace all that were set; with
several, events beyond any of them go. Whoever has the log open enforces them, about once a
minute; what a cursor that holds has not passed is kept.
Units: kB, MB, GB are powers of 1000; KiB, MiB, GiB of 1024. A day has 24 hours.`,
    ],
    examples: [
      ['goethe retention orders', 'what is set'],
      ['goethe retention requests --age 7d --size 10GB', 'a week, but not more than 10 GB'],
      ['goethe retention requests --clear', 'keep everything again'],
    ],
  })
}

/** Null to clear, undefined to change nothing. */
function retentionOf({ age, size, count, clear }: Options): Retention | null | undefined {
  if (clear) return null
  if (age === undefined && size === undefined && count === undefined) return undefined
  return {
    ...(age === undefined ? {} : { ageMs: age }),
    ...(size === undefined ? {} : { bytes: size }),
    ...(count === undefined ? {} : { count }),
  }
}
