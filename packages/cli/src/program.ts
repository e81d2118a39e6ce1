import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { appendCommand } from './commands/append.js'
import { describeCommand } from './commands/describe.js'
import { histogramCommand } from './commands/histogram.js'
import { readCommand } from './commands/read.js'
import { topicsCommand } from './commands/topics.js'
import { verifyCommand } from './commands/verify.js'

/** The command `goethe`. */
export function program(): Command {
  const { version } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  ) as { version: string }
  const goethe = new Command('goethe')
    .description('Append to and read an event log in a directory.')
    .version(version)
    .addHelpText(
      'after',
      `
The directory is given with --data, or in the environment as GOETHE_DATA. One process at a time can
have it open.

Exit codes: 0 done; 1 it failed, or verify has found problems; 2 the command was wrong.

Examples:
  $ goethe append orders '{"item":"Faust"}' --data my-log
  $ tail -n +1 orders.ndjson | goethe append orders --data my-log
  $ goethe read orders --data my-log --from 2026-01-01 --limit 10
  $ goethe read '*' --data my-log --reverse --limit 1 --json`,
    )
  const commands = [
    appendCommand(),
    readCommand(),
    topicsCommand(),
    describeCommand(),
    histogramCommand(),
    verifyCommand(),
  ]
  for (const command of commands) goethe.addCommand(command)
  // Commander would end the process by itself, with 1 for wrong usage.
  for (const command of [goethe, ...commands]) {
    command.exitOverride().showHelpAfterError('(goethe --help tells more)')
  }
  return goethe
}
