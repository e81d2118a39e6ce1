import { Command } from 'commander'
import { dataOption } from '../arguments.js'
import { Output } from '../output.js'
import { withLog } from '../with-log.js'

const pageSize = 1000

export function topicsCommand(): Command {
  return new Command('topics')
    .description('Print the names of all topics, one a line.')
    .addOption(dataOption())
    .option('-p, --prefix <text>', 'only those that begin like this')
    .action(async ({ data, prefix }: { data: string; prefix?: string }) => {
      const output = new Output()
      await withLog(data, { create: false }, async (log) => {
        let after: string | undefined
        do {
          const page = await log.topics({ prefix, after, limit: pageSize })
          for (const topic of page) await output.line(topic)
          after = page.length === pageSize ? page.at(-1) : undefined
        } while (after !== undefined && !output.closed)
      })
    })
}
