import type { Database } from './database.js'
import { GoetheError, isGoetheError } from './errors.js'
import { type LogMeta, newMetaOperations, randomLogId, readMeta } from './meta.js'
import type { CheckedOptions } from './options.js'
import { reindex } from './reindex.js'
import { Store } from './store.js'

const indexIntervalMsDefault = 3_600_000

export interface OpenedLog {
  store: Store
  meta: LogMeta
}

/**
 * Opens the store, makes a log in an empty one, rebuilds the index where its interval changed. Gives
 * what `begin` makes of that; where it fails the store is let go as well.
 */
export async function openLog<Log>(
  database: Database,
  options: CheckedOptions,
  begin: (opened: OpenedLog) => Promise<Log>,
): Promise<Log> {
  // A database that the application opened stays open when this fails.
  const wasOpen = database?.status === 'open'
  const store = await Store.open(database, options.durability)
  try {
    const meta = (await readMeta(store)) ?? (await create(store, options))
    const intervalMs = options.intervalMs ?? meta.index.intervalMs
    if (options.readOnly !== undefined) checkReadable(meta)
    else if (!meta.index.complete || meta.index.intervalMs !== intervalMs) {
      meta.index = { intervalMs, complete: true }
      await reindex(store, meta.index)
    }
    return await begin({ store, meta })
  } catch (error) {
    if (wasOpen) store.release()
    else await store.close()
    throw error
  }
}

/** Whoever writes the log has to finish this first. */
function checkReadable({ index }: LogMeta): void {
  if (index.complete) return
  throw new GoetheError('GOETHE_UNAVAILABLE', 'The index of the log is being rebuilt; try again')
}

async function create(store: Store, options: CheckedOptions): Promise<LogMeta> {
  if (options.readOnly !== undefined) {
    throw new GoetheError(
      'GOETHE_INVALID_STORE',
      'The store holds no log, and none is made where it may only be read',
    )
  }
  const meta: LogMeta = {
    logId: randomLogId(),
    index: { intervalMs: options.intervalMs ?? indexIntervalMsDefault, complete: true },
    import: undefined,
  }
  try {
    await store.write(newMetaOperations(store, meta))
  } catch (cause) {
    if (isGoetheError(cause)) throw cause
    throw new GoetheError(
      'GOETHE_WRITE_FAILED',
      `The store could not be written: ${(cause as Error).message}`,
      { cause },
    )
  }
  return meta
}
