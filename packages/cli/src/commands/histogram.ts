import type { HistogramBucket, HistogramOptions } from '@goethe/core'
import { Command } from 'commander'
import { dataOption, parseIdOrDate } from '../arguments.js'
import { Output } from '../output.js'
import { withLog } from '../with-log.js'

interface Options extends HistogramOptions {
  data: string
  json?: true
}

export function histogramCommand(): Command {
  return new Command('histogram')
    .description("Print how many events a topic, or the whole log ('*'), has over time.")
    .argument('<topic>', "the topic, or '*'")
    .addOption(dataOption())
    .option('-i, --interval <width>', 'of a bucket: 1h, 1d, 1w, month, year …', 'month')
    .option('-f, --from <time>', 'a date or an id', parseIdOrDate)
    .option('-t, --to <time>', 'a date or an id', parseIdOrDate)
    .option('--json', 'a JSON object a line')
    .action(async (topic: string, { data, json, ...options }: Options) => {
      const output = new Output()
      await withLog(data, { create: false }, async (log) => {
        const buckets = await log.histogram(topic, options)
        const most = buckets.reduce((max, { count }) => Math.max(max, count), 0)
        for (const bucket of buckets) {
          await (json ? output.json(bucket) : output.line(barOf(bucket, most)))
          if (output.closed) return
        }
      })
    })
}

const barWidth = 40

function barOf({ start, count }: HistogramBucket, most: number): string {
  const bar = '█'.repeat(Math.max(1, Math.round((count / most) * barWidth)))
  const time = start.toISOString().replace(/(T00:00)?:00\.000Z$/, '')
  return `${time} ${String(count).padStart(String(most).length)} ${bar}`
}
