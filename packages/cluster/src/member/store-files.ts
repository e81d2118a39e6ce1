/** What it takes to be sure of the files of a store, beyond what its database does. */
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Makes everything durable that LevelDB has written to its logs in this directory. A synced write of
 * its own does that for the log of the moment alone: one that has grown to `writeBufferSize` is left
 * as it is, until its content is in a table. One that is gone by now has come to that.
 */
export async function syncStoreFiles(directory: string): Promise<void> {
  const names = await readdir(directory)
  for (const name of names) {
    if (name.endsWith('.log')) await syncFile(join(directory, name), isGone)
  }
  await syncDirectory(directory)
}

/** Makes durable which files a directory has. */
export function syncDirectory(directory: string): Promise<void> {
  return syncFile(directory)
}

async function syncFile(path: string, mayFail: (error: unknown) => boolean = () => false) {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (mayFail(error)) return undefined
    throw error
  })
  try {
    await handle?.sync()
  } finally {
    await handle?.close()
  }
}

function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
