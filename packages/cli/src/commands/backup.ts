import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ByteSink, EventLogApi, TransferResult } from '@goethe/core'
import { type Command, Option } from 'commander'
import { countEvents } from '../all-topics.js'
import { backupName, backupsAmong, logStart } from '../backup-name.js'
import { parseEventId } from '../event-id.js'
import { exitCode } from '../exit-code.js'
import { Failure } from '../failure.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { NewFile } from '../new-file.js'
import { withLog } from '../open-log.js'
import { Progress } from '../progress.js'
import { formatSize, plural } from '../quantity.js'
import type { Shell } from '../shell.js'

interface Options extends LogCommandOptions {
  after?: bigint
  sinceLast?: true
}

/** Where a backup goes. */
interface Target {
  after: bigint
  sink: ByteSink
  /** Keeps what was written, and tells where; undefined when nothing was new. */
  keep(result: TransferResult): Promise<string | undefined>
  close(): Promise<void>
}

export function backupCommand(shell: Shell): Command {
  const command = logCommand('backup', 'Copy the log as it is at this moment to a file.')
    .argument('<target>', 'a file, a directory that keeps many, or - for standard output')
    .option('--after <id>', 'only what came after this event', parseEventId)
    .addOption(
      new Option('--since-last', 'only what came after the last backup in the directory').conflicts(
        'after',
      ),
    )
    .action(async (path: string, options: Options) => {
      await withLog(shell, options, { create: false }, (log) => backup(shell, log, path, options))
    })
  return withManual(command, {
    details: [
      `Everything is in it: events with their ids and sequences, topics, retention, consumers. Others
go on appending meanwhile. Each part has a checksum. The file appears under its name when all of it
is on the disk.

In a directory the name says which events are in a backup. With --since-last it holds what is new;
when there is no event, no file is made. goethe restore takes the directory and finds out which
ones it needs. Keep a full backup (without --since-last) now and then, and delete older ones.`,
    ],
    examples: [
      ['goethe backup orders.backup', 'all of it in one file'],
      ['goethe backup /backups/orders --since-last', 'every hour, from cron'],
      ['goethe backup - | gzip | ssh vault "cat > log.gz"', 'somewhere else'],
    ],
  })
}

async function backup(
  shell: Shell,
  log: EventLogApi,
  path: string,
  options: Options,
): Promise<void> {
  const { output, notes, signal } = shell
  const target = await targetOf(shell, path, options)
  const isIncremental = target.after > 0n
  const progress = new Progress(shell, {
    title: 'Backing up',
    unit: 'events',
    total: isIncremental || !notes.isTerminal ? undefined : await countEvents(log),
  })
  try {
    const result = await log.exportTo(target.sink, {
      after: target.after,
      signal,
      onProgress: ({ events }) => {
        progress.update(events)
      },
    })
    const file = await target.keep(result)
    progress.stop()
    // Standard output may be the backup itself.
    const to = path === '-' ? notes : output
    if (isJson(options, to)) return await to.json({ ...result, after: target.after, file })
    if (file === undefined) return await to.line('nothing new since the last backup')
    await to.line(
      `${plural(result.events, 'event')}, ${formatSize(result.bytes)} of payload, saved to ${file}; ` +
        `last id ${result.lastId}`,
    )
  } finally {
    progress.stop()
    await target.close()
  }
}

async function targetOf(shell: Shell, path: string, options: Options): Promise<Target> {
  if (path === '-') return standardOutput(shell, options)
  const isDirectory = await stat(path).then(
    (info) => info.isDirectory(),
    () => path.endsWith('/'),
  )
  if (isDirectory || options.sinceLast) return directoryTarget(path, options)
  const file = await NewFile.create(path)
  return {
    after: options.after ?? 0n,
    sink: (chunk) => file.write(chunk),
    keep: async () => {
      await file.finish(path)
      return path
    },
    close: () => file.close(),
  }
}

function standardOutput({ output }: Shell, { after = 0n, sinceLast }: Options): Target {
  if (sinceLast) {
    throw new Failure('--since-last looks for the last backup in a directory: name one', {
      exitCode: exitCode.wrongUsage,
    })
  }
  if (output.isTerminal) {
    throw new Failure('A backup is nothing for a terminal: name a file, or use a pipe', {
      exitCode: exitCode.wrongUsage,
    })
  }
  return {
    after,
    sink: (chunk) => output.write(chunk),
    keep: () => Promise.resolve('standard output'),
    close: () => Promise.resolve(),
  }
}

async function directoryTarget(
  directory: string,
  { after: wanted, sinceLast }: Options,
): Promise<Target> {
  await mkdir(directory, { recursive: true }).catch((cause: Error) => {
    throw new Failure(`${directory} is no directory for backups: ${cause.message}`, { cause })
  })
  const last = sinceLast ? backupsAmong(await readdir(directory)).at(-1) : undefined
  const after = last?.lastId ?? wanted ?? 0n
  const file = await NewFile.create(join(directory, 'goethe'))
  return {
    after,
    sink: (chunk) => file.write(chunk),
    keep: async ({ logId, lastId, events }) => {
      if (last !== undefined && last.log !== logStart(logId)) {
        throw new Failure(`The backups in ${directory} are of another log`, {
          advice: 'Keep the backups of each log in a directory of its own',
        })
      }
      if (last !== undefined && events === 0) return undefined
      const path = join(directory, backupName(logId, after, lastId))
      await file.finish(path)
      return path
    },
    close: () => file.close(),
  }
}
