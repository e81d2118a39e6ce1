/**
 * Entries of a range in order, about `readAheadBytes` at a time. Only classic-level knows a bound in
 * bytes of its own; for the others it follows from how large the entries before were.
 */
import {
  type Database,
  type DatabaseIterator,
  type DatabaseRangeOptions,
  type DatabaseSnapshot,
  views,
} from './database.js'
import type { KeyRange } from './keyspace.js'
import { readAheadBlocks, readAheadBytes } from './limits.js'
import { throwReadError } from './store-errors.js'

export type StoreEntry = [key: Uint8Array, value: Uint8Array]

export interface ScanOptions {
  reverse?: boolean
  limit?: number
  /** Keys only: the values are empty. */
  keysOnly?: boolean
  snapshot?: DatabaseSnapshot | undefined
}

/** Entries read together at first, before it is known how large they are. */
const firstEntries = 8

export class StoreScan {
  readonly #countRead: () => void
  readonly #iterator: DatabaseIterator
  #size = firstEntries

  /** `countRead` is called at each call that reads. */
  constructor(root: Database, range: KeyRange, options: ScanOptions, countRead: () => void) {
    this.#countRead = countRead
    const { reverse = false, limit = -1, keysOnly = false, snapshot } = options
    this.#iterator = openIterator(root, {
      ...range,
      ...views,
      reverse,
      limit,
      values: !keysOnly,
      // An option of classic-level that others ignore.
      ...{ highWaterMarkBytes: readAheadBytes },
      ...(snapshot && { snapshot }),
    })
  }

  /** The next entries; an empty array at the end. */
  async next(size = this.#size): Promise<StoreEntry[]> {
    this.#countRead()
    try {
      const entries = (await this.#iterator.nextv(size)) as StoreEntry[]
      const bytes = entries.reduce((sum, [, value]) => sum + (value?.length ?? 0), 0)
      const fitting = Math.floor((readAheadBytes * entries.length) / Math.max(bytes, 1))
      this.#size = Math.min(Math.max(fitting, 1), readAheadBlocks)
      return entries
    } catch (error) {
      return throwReadError(error)
    }
  }

  async close(): Promise<void> {
    await this.#iterator.close()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StoreEntry, void, undefined> {
    try {
      for (;;) {
        const entries = await this.next()
        if (entries.length === 0) return
        yield* entries
      }
    } finally {
      await this.close()
    }
  }
}

export function openIterator(root: Database, options: DatabaseRangeOptions): DatabaseIterator {
  try {
    return root.iterator(options)
  } catch (error) {
    return throwReadError(error)
  }
}
