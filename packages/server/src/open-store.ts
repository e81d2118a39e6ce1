import { mkdir } from 'node:fs/promises'
import { EventLog, type EventLogOptions, GoetheError, isGoetheError } from '@goethe/core'
import { ClassicLevel } from 'classic-level'
import { checkLogDirectory, contentOf } from './data-directory.js'
import { describeHolder, noteHolder } from './open-store-holder.js'

/** How LevelDB suits a log. */
export const levelOptions = {
  /** LevelDB's default of 4 MiB makes appends to many topics slow. */
  writeBufferSize: 64 * 1024 * 1024,
  /** The log writes bytes: what is usual need not be said with each of them. */
  keyEncoding: 'view',
  valueEncoding: 'view',
} as const

/** How a directory is opened as a log. */
export interface StoreOptions extends EventLogOptions {
  /** Makes the directory and a new log where there is none. Default: true. */
  create?: boolean | undefined
}

/**
 * Opens the log in a directory, on LevelDB with the settings that suit a log. Rejects with
 * GOETHE_LOCKED while it is open already, here or in another process, GOETHE_CORRUPT where it is
 * damaged, GOETHE_INVALID_STORE where it cannot be opened, where the directory holds something else or,
 * without `create`, nothing, and as `EventLog.open` does.
 */
export async function openStore(
  directory: string,
  { create = true, ...options }: StoreOptions = {},
): Promise<EventLog> {
  if (create) await makeDirectory(directory)
  const { type } = await contentOf(directory)
  // LevelDB itself would begin anew, and clear away what is left.
  if (type === 'damaged-log') throw damaged(directory, 'its file CURRENT is missing')
  // It would also leave a new directory behind even if it is told to create nothing.
  if (!create && (type === 'empty' || type === 'other')) {
    throw new GoetheError('GOETHE_INVALID_STORE', `There is no log in ${directory}`)
  }
  await checkLogDirectory(directory)
  const database = new ClassicLevel(directory, { createIfMissing: create, ...levelOptions })
  try {
    const log = await EventLog.open(database, options)
    await noteHolder(directory)
    return log
  } catch (cause) {
    await database.close()
    throw await openingError(directory, cause)
  }
}

/** What kept a log from being opened, with the directory and with what to do. */
async function openingError(directory: string, cause: unknown): Promise<unknown> {
  if (!isGoetheError(cause)) return cause
  if (cause.code === 'GOETHE_LOCKED') {
    const holder = await describeHolder(directory)
    return new GoetheError(
      'GOETHE_LOCKED',
      `The log in ${directory} is open already${holder}, and only one process at a time may have it`,
      { cause },
    )
  }
  if (isDamage(cause)) return damaged(directory, cause.message, cause)
  if (cause.code !== 'GOETHE_INVALID_STORE') return cause
  const message = cause.message.replace(/^The store/, `The log in ${directory}`)
  return new GoetheError(cause.code, message, { cause })
}

function damaged(directory: string, reason: string, cause?: unknown): GoetheError {
  return new GoetheError(
    'GOETHE_CORRUPT',
    `The log in ${directory} is damaged and cannot be opened: ${reason}. Keep a copy of the ` +
      'directory, and import the last export into a new one',
    { cause },
  )
}

/** What LevelDB says of bytes that it has not written; it has no codes for them. */
const damage = /Corruption|ANIFEST.*No such file|ldb: Invalid argument/

/** True where what is stored is not what was written, which no opening again mends. */
export function isDamage({ code, message }: GoetheError): boolean {
  if (code === 'GOETHE_CORRUPT') return true
  const isOfStore = ['GOETHE_INVALID_STORE', 'GOETHE_READ_FAILED', 'GOETHE_WRITE_FAILED']
  return isOfStore.includes(code) && damage.test(message)
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true })
  } catch (cause) {
    throw new GoetheError(
      'GOETHE_INVALID_STORE',
      `The directory ${directory} cannot be made: ${(cause as Error).message}`,
      { cause },
    )
  }
}
