import { readFile, readdir, stat } from 'node:fs/promises'
import type { Client, TlsOptions } from '@goethe/client'
import { type EventLogApi, isGoetheError } from '@goethe/core'
import { exitCode } from './exit-code.js'
import { Failure } from './failure.js'
import { unreadable } from './input.js'
import {
  type LogPlace,
  type PlaceOptions,
  type ServerPlace,
  type TlsFiles,
  placeOf,
} from './log-place.js'
import type { Shell } from './shell.js'

/** How a log is opened. */
export interface OpenOptions {
  /** Makes the directory and a new log where there is none. */
  create: boolean
}

/** Opens the log for a command and closes it afterwards, whatever happens. */
export async function withLog(
  shell: Shell,
  options: PlaceOptions,
  { create }: OpenOptions,
  work: (log: EventLogApi) => Promise<void>,
): Promise<void> {
  const log = await openLog(placeOf(options, shell.environment), { create })
  try {
    await work(log)
  } finally {
    await log.close()
  }
}

/** Opens the log at a place; what it takes is loaded only then, since it takes a while. */
export async function openLog(place: LogPlace, { create }: OpenOptions): Promise<EventLogApi> {
  if (place.type === 'server') return openServer(place)
  const { openStore } = await import('@goethe/server')
  try {
    return await openStore(place.directory, { create })
  } catch (cause) {
    if (await isFile(place.directory)) {
      throw new Failure(`${place.directory} is a file, and a log is a directory`, {
        exitCode: exitCode.notFound,
        cause,
      })
    }
    const isThere = !isGoetheError(cause, 'GOETHE_INVALID_STORE')
    if (create || isThere || cause.cause !== undefined) throw cause
    throw new Failure(`${cause.message} (${cause.code})`, {
      // Nor could there be one where something else is.
      ...((await isVacant(place.directory)) && {
        advice:
          `If that is not misspelt, \`goethe append TOPIC PAYLOAD --data ${place.directory}\` ` +
          'makes a new one',
      }),
      exitCode: exitCode.notFound,
      cause,
    })
  }
}

async function isFile(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined)
  return info?.isFile() === true
}

async function isVacant(path: string): Promise<boolean> {
  const names = await readdir(path).catch(() => [])
  return names.length === 0
}

/** A client of the server at a place. It connects with its first call. */
export async function openServer(
  { address, token, tls }: ServerPlace,
  options: { deadlineMs?: number } = {},
): Promise<Client> {
  const [{ connect }, texts] = await Promise.all([import('@goethe/client'), tlsOf(tls)])
  return connect(address, { token, tls: texts, ...options })
}

async function tlsOf(files: TlsFiles | undefined): Promise<TlsOptions | undefined> {
  if (files === undefined) return undefined
  const texts = Object.entries(files).map(async ([name, path]: [string, string]) => {
    const text = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
      throw unreadable(path, cause)
    })
    return [name, text] as const
  })
  return Object.fromEntries(await Promise.all(texts))
}
