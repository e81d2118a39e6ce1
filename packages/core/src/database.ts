/**
 * What the log needs of the database below it. Every abstract-level store has it: classic-level,
 * memory-level, browser-level, a sublevel of one, or a store of your own. It is said by shape, and
 * with as few members as the log calls, so that a store fits whatever its types of keys and values
 * are, and whichever copy of abstract-level it is made with.
 */

/** An abstract-level store, or a sublevel of one. */
export interface Database {
  readonly supports: DatabaseFeatures
  /** 'open' while it can be used. */
  readonly status: string
  /** Does nothing where it is open. */
  open(): Promise<void>
  close(): Promise<void>
  /** Undefined where there is no such key. */
  get(key: Uint8Array, options: DatabaseReadOptions): Promise<unknown>
  /** Values in the order of the keys. */
  getMany(keys: Uint8Array[], options: DatabaseReadOptions): Promise<unknown[]>
  iterator(options: DatabaseRangeOptions): DatabaseIterator
  /** Called only where `supports.explicitSnapshots`. */
  snapshot(): DatabaseSnapshot
  /** Writes all that it is given or none of it. */
  batch(): DatabaseBatch
  keyEncoding(): { readonly name: string }
  valueEncoding(): { readonly name: string }
  /** Told of each write, once it is done. */
  on(event: 'write', listener: (operations: WrittenOperation[]) => void): unknown
  off(event: 'write', listener: (operations: WrittenOperation[]) => void): unknown
  /**
   * Called only where `supports.confirm`: resolves once the database has everything that was
   * acknowledged to anybody before.
   */
  confirm?(): Promise<void>
}

/** What a database says of itself: by abstract-level's manifest, and beside it. */
export interface DatabaseFeatures {
  /** It needs 'view' or 'buffer': keys and values are bytes. */
  readonly encodings: { readonly view?: boolean; readonly buffer?: boolean }
  /** False where nothing outlives the process. */
  readonly permanence?: boolean
  readonly explicitSnapshots?: boolean
  /** Only LevelDB's family has it, which alone honours `sync`. */
  readonly createIfMissing?: boolean
  /**
   * Not of abstract-level: batches are carried out in the order of the calls, and none of those
   * behind one that failed. So several of them may be under way.
   */
  readonly orderedBatches?: boolean
  /** Not of abstract-level: it is one of several copies, and has the method `confirm`. */
  readonly confirm?: boolean
}

/** Encodings of keys and values, as abstract-level takes them: by name, or as an object of its own. */
export interface EncodingOptions {
  keyEncoding?: string | object | undefined
  valueEncoding?: string | object | undefined
}

export interface DatabaseReadOptions extends EncodingOptions {
  snapshot?: DatabaseSnapshot | undefined
}

export interface DatabaseRangeOptions extends DatabaseReadOptions {
  gt?: Uint8Array | undefined
  gte?: Uint8Array | undefined
  lt?: Uint8Array | undefined
  lte?: Uint8Array | undefined
  /** From the last to the first. Default: false. */
  reverse?: boolean | undefined
  /** Entries; -1, the default, for all. */
  limit?: number | undefined
  /** False where keys are enough. Default: true. */
  values?: boolean | undefined
}

export interface DatabaseIterator {
  /** The next entry, of a key and a value; undefined at the end. */
  next(): Promise<unknown>
  /** So many entries at the most; none at the end. */
  nextv(size: number): Promise<unknown[]>
  close(): Promise<void>
}

/** The database at one moment. */
export interface DatabaseSnapshot {
  close(): Promise<void>
}

export interface DatabaseBatch {
  put(key: unknown, value: unknown, options?: OperationOptions): unknown
  del(key: unknown, options?: OperationOptions): unknown
  /** `sync`: resolves once it is on the disk, where the database knows such a thing. */
  write(options: { sync: boolean }): Promise<void>
  /** Drops what was not written. */
  close(): Promise<void>
}

/** The encodings with which the log reads and writes: bytes, as they are stored. */
export const views = { keyEncoding: 'view', valueEncoding: 'view' } as const

/** How an operation of a batch is meant. */
export interface OperationOptions extends EncodingOptions {
  /** The sublevel of the database that key and value belong to. */
  sublevel?: Database | undefined
}

/** An operation as the database tells of it when it is written. */
export interface WrittenOperation {
  type: string
  encodedKey?: unknown
  encodedValue?: unknown
}

/** The database that a sublevel lies in, and the sublevel's prefix; '' for what is no sublevel. */
export function rootOf(database: Database): { root: Database; prefix: string } {
  const { parent, db, prefix } = database as Partial<{
    parent: Database | null
    db: Database
    prefix: string
  }>
  // Only a sublevel has a parent, for others it is null; browser-level's `db` is something else.
  return parent !== null && parent !== undefined && db !== undefined
    ? { root: db, prefix: prefix ?? '' }
    : { root: database, prefix: '' }
}
