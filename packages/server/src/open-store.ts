import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { EventLog, type EventLogOptions, GoetheError, isGoetheError } from '@goethe/core'
import { ClassicLevel } from 'classic-level'

const levelOptions = {
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
 * GOETHE_LOCKED while another process has it open, GOETHE_INVALID_STORE where it cannot be opened or,
 * without `create`, where there is none, and as `EventLog.open` does.
 */
export async function openStore(
  directory: string,
  { create = true, ...options }: StoreOptions = {},
): Promise<EventLog> {
  if (create) await makeDirectory(directory)
  // LevelDB itself would leave a new directory behind even if it is told to create nothing.
  else if (!existsSync(join(directory, 'CURRENT'))) {
    throw new GoetheError('GOETHE_INVALID_STORE', `There is no log in ${directory}`)
  }
  const database = new ClassicLevel(directory, { createIfMissing: create, ...levelOptions })
  try {
    return await EventLog.open(database, options)
  } catch (cause) {
    await database.close()
    if (!isGoetheError(cause, 'GOETHE_LOCKED')) throw cause
    throw new GoetheError(
      'GOETHE_LOCKED',
      `The log in ${directory} is open already, and only one process at a time may have it`,
      { cause },
    )
  }
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
