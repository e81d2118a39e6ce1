import { Command } from 'commander'
import { appendCommand } from './commands/append.js'
import { backupCommand } from './commands/backup.js'
import { benchCommand } from './commands/bench.js'
import { clusterCommand } from './commands/cluster.js'
import { completionCommand } from './commands/completion.js'
import { consumeCommand } from './commands/consume.js'
import { cursorsCommand } from './commands/cursors.js'
import { deleteCommand } from './commands/delete.js'
import { describeCommand } from './commands/describe.js'
import { doctorCommand } from './commands/doctor.js'
import { exportCommand } from './commands/export.js'
import { histogramCommand } from './commands/histogram.js'
import { importCommand } from './commands/import.js'
import { readCommand } from './commands/read.js'
import { restoreCommand } from './commands/restore.js'
import { retentionCommand } from './commands/retention.js'
import { seekCommand } from './commands/seek.js'
import { serveCommand } from './commands/serve.js'
import { tokenCommand } from './commands/token.js'
import { topicsCommand } from './commands/topics.js'
import { trimCommand } from './commands/trim.js'
import { verifyCommand } from './commands/verify.js'
import { exitCodeTable } from './exit-code.js'
import { defaultServer } from './log-place.js'
import { withManual } from './manual.js'
import type { Shell } from './shell.js'
import { version } from './version.js'

/** Longer lines are hard to read; details and examples are as wide. */
const helpWidthMax = 100

/** The command `goethe`. `args` tell whether the settings of a server are needed, which take time. */
export async function program(shell: Shell, args: readonly string[]): Promise<Command> {
  const goethe = new Command('goethe')
    .description('Work with an event log: in a directory, or behind a server.')
    .version(version)
  withManual(goethe, {
    details: [
      `Which log: --data DIRECTORY (or GOETHE_DATA), or --server goethe://HOST:PORT (or GOETHE_SERVER,
with GOETHE_TOKEN). When neither is named: ${defaultServer}. One process at a time can have a
directory open; a server is for all others.

On a terminal, results are tables and sentences; elsewhere a JSON object a line. --text and --json
choose. Colours are off where NO_COLOR is set.`,
      `Exit codes:\n${exitCodeTable}`,
    ],
    examples: [
      ['goethe serve --data my-log', 'start a server; in another terminal:'],
      [`goethe append orders '{"item":"Faust"}'`, 'an event'],
      ['goethe read orders --from -1h --follow', 'what was and what comes'],
      ['goethe read orders --data my-log --from 2026-01-01', 'without a server'],
      ['goethe read --help', 'all about a command'],
    ],
  })
  const groups = {
    'Events:': [appendCommand(shell), readCommand(shell), consumeCommand(shell)],
    'Look around:': [
      topicsCommand(shell),
      describeCommand(shell),
      histogramCommand(shell),
      seekCommand(shell),
      cursorsCommand(shell),
    ],
    'Keep and remove:': [retentionCommand(shell), trimCommand(shell), deleteCommand(shell)],
    'Save and move:': [
      backupCommand(shell),
      restoreCommand(shell),
      exportCommand(shell),
      importCommand(shell),
    ],
    'Run:': [
      await serveCommand(shell, needsServer(args)),
      clusterCommand(shell),
      tokenCommand(shell),
      verifyCommand(shell),
      doctorCommand(shell),
      benchCommand(shell),
      completionCommand(shell),
    ],
  }
  for (const [heading, commands] of Object.entries(groups)) {
    for (const command of commands) goethe.addCommand(command.helpGroup(heading))
  }
  // Commander would end the process by itself, with 1 for wrong usage.
  const below = goethe.commands.flatMap(({ commands }) => commands)
  for (const command of [goethe, ...goethe.commands, ...below]) {
    command
      .exitOverride()
      .showHelpAfterError(`(${nameOf(command, goethe)} --help tells more)`)
      .configureHelp({ styleTitle: (title) => shell.output.colors.bold(title) })
      .configureOutput({
        writeOut: (text) => shell.output.stream.write(text),
        writeErr: (text) => shell.notes.stream.write(text),
        getOutHelpWidth: () => Math.min(shell.output.width, helpWidthMax),
        getErrHelpWidth: () => Math.min(shell.notes.width, helpWidthMax),
        getOutHasColors: () => shell.output.colors.isColorSupported,
        getErrHasColors: () => shell.notes.colors.isColorSupported,
      })
  }
  return goethe
}

function needsServer(args: readonly string[]): boolean {
  return args.includes('serve') || args[0] === 'completion'
}

function nameOf(command: Command, goethe: Command): string {
  if (command === goethe) return 'goethe'
  return `${nameOf(command.parent ?? goethe, goethe)} ${command.name()}`
}
