import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { type EventLog, isGoetheError } from '@goethe/core'
import { formatDuration } from './duration.js'
import { messageOf } from './failure.js'
import { type Finding, bad, good, warning } from './finding.js'
import { lockHolderOf } from './lock-holder.js'
import { escapeControls } from './payload.js'
import { formatCount, formatSize } from './quantity.js'

const freeBytesLow = 1_000_000_000
const freeBytesMin = 100_000_000
const clockAheadMsMax = 1000
/** Events that are read from each end of the log. */
const sampleEvents = 10_000

/** Looks at a log in a directory, from the outside to the inside. */
export async function* examineDirectory(
  directory: string,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const info = await stat(directory).catch(() => undefined)
  if (info === undefined) {
    yield bad(
      'directory',
      `There is no directory ${directory}.`,
      `Look for a misspelling. Appending makes it: goethe append TOPIC PAYLOAD --data ${directory}`,
    )
    return
  }
  if (!info.isDirectory()) {
    yield bad('directory', `${directory} is a file.`, 'Name the directory of a log.')
    return
  }
  yield* space(directory)
  const rights = await access(directory, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
  if (!rights) {
    yield bad(
      'directory',
      `This user may not read and write in ${directory}.`,
      'Run as the user that owns it, or change its owner.',
    )
    return
  }
  if ((await stat(join(directory, 'CURRENT')).catch(() => undefined)) === undefined) {
    yield bad(
      'directory',
      `There is no log in ${directory}.`,
      'Look for a misspelling; the directory of a log has a file CURRENT in it.',
    )
    return
  }
  yield good('directory', `${directory} is there, and this user may read and write it.`)
  yield* inside(directory, signal)
}

async function* space(directory: string): AsyncGenerator<Finding> {
  const { bavail, bsize } = await statfs(directory)
  const free = bavail * bsize
  const message = `${formatSize(free)} are free on the disk.`
  const advice = 'Make room: goethe trim and goethe retention remove old events.'
  yield free < freeBytesMin
    ? bad('free space', message, advice)
    : free < freeBytesLow
      ? warning('free space', message, advice)
      : good('free space', message)
}

async function* inside(directory: string, signal: AbortSignal): AsyncGenerator<Finding> {
  const { openStore } = await import('@goethe/server')
  let log: EventLog
  try {
    log = await openStore(directory, { create: false })
  } catch (error) {
    yield isGoetheError(error, 'GOETHE_LOCKED')
      ? await locked(directory)
      : bad('opening', `${messageOf(error)}.`, adviceToOpen(error))
    return
  }
  try {
    yield good('lock', 'No other process has it open.')
    const { lastId, id, writable } = log.status()
    yield good('format', `It is a log that this version knows; its id is ${id}.`)
    if (!writable) {
      yield bad(
        'restore',
        'A restore into it has not ended, so nothing can be appended.',
        'Run goethe restore with the same backup again: it goes on where it stopped.',
      )
    }
    yield clock(lastId)
    yield await sample(log, signal)
  } finally {
    await log.close()
  }
}

async function locked(directory: string): Promise<Finding> {
  const holder = await lockHolderOf(join(directory, 'LOCK'))
  const who =
    holder === undefined
      ? 'Another process'
      : `Process ${holder.pid}${holder.command === undefined ? '' : ` (${escapeControls(holder.command)})`}`
  return warning(
    'lock',
    `${who} has it open, so it cannot be looked into.`,
    'If that is a server, use it: --server goethe://host:port. Otherwise wait until it has ended.',
  )
}

function adviceToOpen(error: unknown): string {
  if (isGoetheError(error, 'GOETHE_FORMAT')) return 'Install a newer version of goethe.'
  if (isGoetheError(error, 'GOETHE_CORRUPT')) return 'Restore a backup: goethe restore.'
  return 'Copy the directory before you try anything else, then restore a backup.'
}

function clock(lastId: bigint): Finding {
  if (lastId === 0n) return good('clock', 'The log is empty.')
  const aheadMs = Number(lastId / 1_000_000n) - Date.now()
  if (aheadMs <= clockAheadMsMax) return good('clock', 'The last event is not ahead of the clock.')
  return warning(
    'clock',
    `The last event is ${formatDuration(aheadMs)} ahead of the clock of this machine.`,
    'Correct the clock. Until it has caught up, ids count on from the last one.',
  )
}

async function sample(log: EventLog, signal: AbortSignal): Promise<Finding> {
  let read = 0
  try {
    for (const reverse of [false, true]) {
      const reader = log.read('*', { reverse, limit: sampleEvents, signal })
      for await (const events of reader.batches()) read += events.length
    }
  } catch (error) {
    if (!isGoetheError(error) || error.code === 'GOETHE_ABORTED') throw error
    return bad(
      'events',
      `${messageOf(error)}.`,
      'goethe verify finds all such places. Restore a backup: goethe restore.',
    )
  }
  return good(
    'events',
    `${formatCount(read)} of its first and last events have the right checksums; ` +
      'goethe verify checks all.',
  )
}
