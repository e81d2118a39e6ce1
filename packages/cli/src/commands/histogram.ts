import type { HistogramBucket, HistogramOptions, TopicSelector } from '@goethe/core'
import type { Command } from 'commander'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { withLog } from '../open-log.js'
import type { Output } from '../output.js'
import { idOrTimeParser, parseSelector } from '../position.js'
import { formatCount, formatSize } from '../quantity.js'
import type { Shell } from '../shell.js'

interface Options extends LogCommandOptions, HistogramOptions {
  size?: true
}

export function histogramCommand(shell: Shell): Command {
  const command = logCommand('histogram', 'Draw how many events there are over time.')
    .argument('<topics>', "a topic, 'prefix*', or '*' for all", parseSelector)
    .option('-i, --interval <width>', 'of a bucket, in UTC: 15m, 1h, 1d, 1w, month, year', 'month')
    .option('-f, --from <time>', 'from the bucket that holds this time or id', idOrTimeParser())
    .option('-t, --to <time>', 'up to this time or id', idOrTimeParser())
    .option('--size', 'draw bytes of payload instead of events')
    .action(async (topics: TopicSelector, options: Options) => {
      const { output, signal } = shell
      const { interval, from, to } = options
      await withLog(shell, options, { create: false }, async (log) => {
        const buckets = await log.histogram(topics, { interval, from, to })
        const isTopic = typeof topics === 'string' && topics !== '*'
        if (buckets.length === 0 && isTopic) await log.describe(topics)
        if (isJson(options, output)) {
          for (const bucket of buckets) {
            await output.json(bucket)
            signal.throwIfAborted()
          }
          return
        }
        await output.lines(barsOf(buckets, options, output))
      })
    })
  return withManual(command, {
    details: [
      `It takes no time: the index of the log knows, and no event is read. A bucket cannot be finer
than that index (an hour, unless the log was made with another). Buckets without events are left
out.`,
    ],
    examples: [
      ['goethe histogram orders --interval 1d --from -30d', 'the last month by day'],
      ["goethe histogram '*' --interval year", 'the whole log by year'],
    ],
  })
}

const barWidthMax = 60
const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

function barsOf(
  buckets: readonly HistogramBucket[],
  { interval, size }: Options,
  { width, colors }: Output,
): string[] {
  const valueOf = ({ count, bytes }: HistogramBucket): number => (size ? bytes : count)
  const most = buckets.reduce((max, bucket) => Math.max(max, valueOf(bucket)), 1)
  const rows = buckets.map((bucket) => ({
    time: startText(bucket.start, interval),
    value: size ? formatSize(bucket.bytes) : formatCount(bucket.count),
    share: valueOf(bucket) / most,
  }))
  const timeWidth = rows.reduce((max, { time }) => Math.max(max, time.length), 0)
  const valueWidth = rows.reduce((max, { value }) => Math.max(max, value.length), 0)
  const barWidth = Math.max(8, Math.min(barWidthMax, width - timeWidth - valueWidth - 3))
  return rows.map(({ time, value, share }) => {
    const steps = Math.max(1, Math.round(share * barWidth * 8))
    const bar = '█'.repeat(Math.floor(steps / 8)) + eighths[steps % 8]
    return `${time.padEnd(timeWidth)} ${value.padStart(valueWidth)} ${colors.cyan(bar)}`
  })
}

/** The start of a bucket, as exactly as its width needs. */
function startText(start: Date, interval: string | undefined): string {
  const text = start.toISOString()
  if (interval === 'year') return text.slice(0, 4)
  if (interval === 'month') return text.slice(0, 7)
  return /[dw]$/.test(interval ?? '')
    ? text.slice(0, 10)
    : `${text.slice(0, 10)} ${text.slice(11, 16)}`
}
