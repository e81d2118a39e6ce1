import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type EventLogApi,
  type GoetheError,
  type TransferResult,
  isGoetheError,
} from '@goethe/core'
import type { Command } from 'commander'
import { backupChain, backupsAmong } from '../backup-name.js'
import { exitCode } from '../exit-code.js'
import { Failure, messageOf } from '../failure.js'
import { openInput } from '../input.js'
import { type LogCommandOptions, isJson, logCommand } from '../log-command.js'
import { withManual } from '../manual.js'
import { withLog } from '../open-log.js'
import { Progress } from '../progress.js'
import { formatSize, plural } from '../quantity.js'
import type { Shell } from '../shell.js'

export function restoreCommand(shell: Shell): Command {
  const command = logCommand('restore', 'Bring backups back into a new log.')
    .argument(
      '<source...>',
      'files in their order, a directory of backups, or - for standard input',
    )
    .action(async (sources: string[], options: LogCommandOptions) => {
      const files = await filesOf(sources)
      await withLog(shell, options, { create: true }, async (log) => {
        for (const file of files) await restore(shell, log, file, options)
      })
    })
  return withManual(command, {
    details: [
      `The log must be new, or hold nothing but the backups before. Ids, sequences, retention and
consumers come back as they were. After an interruption run the same command again: it goes on
where it stopped. Until all of a backup is there, nothing can be appended. gzip is recognised.`,
    ],
    examples: [
      ['goethe restore orders.backup --data new-log', 'one file'],
      ['goethe restore /backups/orders --data new-log', 'a full backup and all that followed'],
      ['ssh vault "cat log.gz" | goethe restore - --data new-log', 'from somewhere else'],
    ],
  })
}

async function restore(
  shell: Shell,
  log: EventLogApi,
  file: string,
  options: LogCommandOptions,
): Promise<void> {
  const { output, signal } = shell
  const input = await openInput(shell, file)
  const progress = new Progress(shell, {
    title: 'Restoring',
    unit: 'bytes',
    total: input.sizeBytes,
  })
  let result: TransferResult
  try {
    result = await log.importFrom(input, {
      signal,
      onProgress: () => {
        progress.update(input.bytesRead)
      },
    })
  } catch (error) {
    throw isGoetheError(error, 'GOETHE_CORRUPT') ? noBackup(input.name, error) : error
  } finally {
    progress.stop()
  }
  if (isJson(options, output)) return output.json({ ...result, file })
  await output.line(
    `${plural(result.events, 'event')}, ${formatSize(result.bytes)} of payload, restored from ` +
      `${input.name}; last id ${result.lastId}`,
  )
}

/** The file is wrong, not the log: `goethe verify` would find nothing. */
function noBackup(name: string, cause: GoetheError): Failure {
  return new Failure(`${name} is damaged, or no backup: ${messageOf(cause)}`, {
    advice:
      'Restore from another copy of what `goethe backup` has written; JSON lines are for ' +
      '`goethe import`',
    cause,
  })
}

/** Directories become the backups in them that are needed. */
async function filesOf(sources: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for (const source of sources) {
    const info = source === '-' ? undefined : await stat(source).catch(() => undefined)
    if (info?.isDirectory() !== true) {
      files.push(source)
      continue
    }
    const backups = backupsAmong(await readdir(source))
    if (backups.length === 0) {
      throw new Failure(`There is no backup in ${source}`, { exitCode: exitCode.notFound })
    }
    const chain = backupChain(backups)
    if (chain === undefined) {
      throw new Failure(`A backup is missing in ${source}: those that are there do not join up`, {
        advice: 'A full one is needed, and each of the others begins where the one before ends',
      })
    }
    files.push(...chain.map(({ file }) => join(source, file)))
  }
  return files
}
