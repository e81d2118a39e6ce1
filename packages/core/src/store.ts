/**
 * The abstract-level database below the log. All access goes through its root, with whole keys:
 * that is what makes a batch span sublevels, the log's and the application's, and what spares the
 * hot path abstract-level's per-operation prefixes.
 */
import type {
  AbstractChainedBatchPutOptions,
  AbstractLevel,
  AbstractSnapshot,
} from 'abstract-level'
import type { Durability } from './api.js'
import { ArgumentError, GoetheError } from './errors.js'
import { type KeyRange, type Keyspaces, keyspaces } from './keyspace.js'
import { orderedWritesMax, readAheadBlocks, readAheadBytes } from './limits.js'
import { describeValue } from './names.js'

// The types of keys and values are the application's own; the log brings its own encodings.
export type Database = AbstractLevel<any, any, any>

/** One entry of a batch. Without `options`, key and value are whole keys and bytes of the log. */
export type StoreOperation =
  | { type: 'put'; key: unknown; value: unknown; options?: OperationOptions }
  | { type: 'del'; key: unknown; options?: OperationOptions }
export type OperationOptions = AbstractChainedBatchPutOptions<any, any, any>

export type StoreEntry = [key: Uint8Array, value: Uint8Array]

const views = { keyEncoding: 'view', valueEncoding: 'view' } as const

/** Marks a root database with the prefixes of the logs that are open on it, for all copies. */
const openLogs = Symbol.for('@goethe/core/open-logs')

export interface ScanOptions {
  reverse?: boolean
  limit?: number
  /** Keys only: the values are empty. */
  keysOnly?: boolean
  snapshot?: AbstractSnapshot | undefined
}

export class Store {
  readonly root: Database
  readonly keyspaces: Keyspaces
  readonly durability: Durability
  /**
   * Writes that may be under way: one, unless the database says by `supports.orderedBatches` that it
   * carries them out in the order of the calls, and none of those behind one that failed.
   */
  readonly writesMax: number
  /** Calls that read from the database, so that tests can see what a cache spares. */
  reads = 0
  readonly #prefix: string
  readonly #writeOptions: { sync: boolean }
  /** What an operation of the log needs to say beside its bytes: nothing, where views are usual. */
  readonly #viewOptions: typeof views | undefined

  private constructor(root: Database, prefix: string, durability: 'os' | 'fsync') {
    this.root = root
    this.#prefix = prefix
    this.keyspaces = keyspaces(prefix)
    this.durability = durabilityOf(root, durability)
    const { orderedBatches } = root.supports as { orderedBatches?: boolean }
    this.writesMax = orderedBatches === true ? orderedWritesMax : 1
    this.#writeOptions = { sync: this.durability === 'fsync' }
    const usual = root.keyEncoding().name === 'view' && root.valueEncoding().name === 'view'
    this.#viewOptions = usual ? undefined : views
  }

  /**
   * Opens the database where it is not open yet and claims it (or this sublevel of it). Rejects
   * with GOETHE_LOCKED when a log is open there already, GOETHE_INVALID_STORE otherwise.
   */
  static async open(database: Database, durability: 'os' | 'fsync'): Promise<Store> {
    if (typeof database !== 'object' || database === null || !('supports' in database)) {
      throw new ArgumentError(
        `A store is an abstract-level database, such as new ClassicLevel('./data'); ` +
          `got ${describeValue(database)}`,
      )
    }
    const { root, prefix } = rootOf(database)
    const encodings = root.supports.encodings as Record<string, boolean | undefined>
    if (!encodings['view'] && !encodings['buffer']) {
      throw new GoetheError('GOETHE_INVALID_STORE', 'The store cannot hold keys of bytes')
    }
    try {
      await root.open()
      await database.open()
    } catch (error) {
      throw openError(error)
    }
    const store = new Store(root, prefix, durability)
    store.#claim()
    return store
  }

  async get(key: Uint8Array, snapshot?: AbstractSnapshot): Promise<Uint8Array | undefined> {
    this.reads++
    const options = snapshot === undefined ? views : { ...views, snapshot }
    return this.root.get<Uint8Array, Uint8Array>(key, options).catch(throwReadError)
  }

  async getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    if (keys.length === 0) return []
    this.reads++
    return this.root.getMany<Uint8Array, Uint8Array>(keys, views).catch(throwReadError)
  }

  /** The first entry of a range, or the last one in reverse. */
  async first(
    range: KeyRange,
    options: { reverse?: boolean; snapshot?: AbstractSnapshot | undefined } = {},
  ): Promise<StoreEntry | undefined> {
    this.reads++
    const iterator = openIterator(this.root, {
      ...range,
      ...views,
      reverse: options.reverse ?? false,
      limit: 1,
      ...(options.snapshot && { snapshot: options.snapshot }),
    })
    try {
      return (await iterator.next()) as StoreEntry | undefined
    } catch (error) {
      return throwReadError(error)
    } finally {
      await iterator.close()
    }
  }

  /** Reads a range in order, as much at a time as `readAheadBytes`. */
  scan(range: KeyRange, options: ScanOptions = {}): StoreScan {
    return new StoreScan(this, range, options)
  }

  /** A view of the database at this moment, where the store has such a thing. */
  snapshot(): AbstractSnapshot | undefined {
    return this.root.supports.explicitSnapshots ? this.root.snapshot() : undefined
  }

  /** Writes all operations or none, as durably as the log was asked to be. */
  async write(operations: readonly StoreOperation[]): Promise<void> {
    const batch = this.root.batch()
    try {
      for (const operation of operations) this.#add(batch, operation)
    } catch (error) {
      await batch.close()
      throw error
    }
    await batch.write(this.#writeOptions)
  }

  /**
   * Resolves once what is read has everything that was acknowledged to anybody before: at once,
   * unless the database is one of several copies and says by `confirm` that it can tell.
   */
  async confirm(): Promise<void> {
    const { confirm } = this.root.supports as { confirm?: boolean }
    if (confirm === true) await (this.root as unknown as { confirm(): Promise<void> }).confirm()
  }

  /** Tells whether the operations could be written. Throws what abstract-level says if not. */
  async validate(operations: readonly StoreOperation[]): Promise<void> {
    const batch = this.root.batch()
    try {
      for (const operation of operations) this.#add(batch, operation)
    } finally {
      await batch.close()
    }
  }

  /** Closes the database, as `EventLog.open` opened it; a sublevel's root stays open. */
  async close(): Promise<void> {
    this.release()
    if (this.#prefix === '') await this.root.close()
  }

  /** Gives the claim back without closing the database. */
  release(): void {
    claims(this.root).delete(this.#prefix)
  }

  #add(batch: ReturnType<Database['batch']>, operation: StoreOperation): void {
    const { type, key } = operation
    const options = operation.options ?? this.#viewOptions
    if (type === 'del') {
      if (options === undefined) batch.del(key)
      else batch.del(key, options)
    } else if (options === undefined) batch.put(key, operation.value)
    else batch.put(key, operation.value, options)
  }

  #claim(): void {
    const open = claims(this.root)
    if (open.has(this.#prefix)) {
      throw new GoetheError(
        'GOETHE_LOCKED',
        'An event log is already open on this store; use that one, or close it first',
      )
    }
    open.add(this.#prefix)
  }
}

/** Entries read together at first, before it is known how large they are. */
const firstEntries = 8

/**
 * Entries of a range in order, about `readAheadBytes` at a time. Only classic-level knows a bound in
 * bytes of its own; for the others it follows from how large the entries before were.
 */
export class StoreScan {
  readonly #store: Store
  readonly #iterator: ReturnType<Database['iterator']>
  #size = firstEntries

  constructor(store: Store, range: KeyRange, options: ScanOptions) {
    this.#store = store
    const { reverse = false, limit = -1, keysOnly = false, snapshot } = options
    this.#iterator = openIterator(store.root, {
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
    this.#store.reads++
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

function openIterator(root: Database, options: object): ReturnType<Database['iterator']> {
  try {
    return root.iterator(options)
  } catch (error) {
    return throwReadError(error)
  }
}

/** What abstract-level reports, in the words of the log. */
function throwReadError(error: unknown): never {
  const { code, message } = error as { code?: string; message?: string }
  if (code === 'LEVEL_CORRUPTION') {
    throw new GoetheError('GOETHE_CORRUPT', `The store is corrupt: ${message}`, { cause: error })
  }
  if (code?.endsWith('_NOT_OPEN')) {
    throw new GoetheError('GOETHE_CLOSED', 'The store was closed', { cause: error })
  }
  throw new GoetheError('GOETHE_READ_FAILED', `The store could not be read: ${message}`, {
    cause: error,
  })
}

function rootOf(database: Database): { root: Database; prefix: string } {
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

/**
 * What the store can promise. abstract-level has no word for `sync`; the stores that honour it are
 * LevelDB's family, which alone declare `createIfMissing`. Of the others no fsync is claimed.
 */
function durabilityOf(root: Database, asked: 'os' | 'fsync'): Durability {
  if (root.supports.permanence === false) return 'memory'
  return root.supports.createIfMissing ? asked : 'os'
}

function claims(root: Database): Set<string> {
  const holder = root as { [openLogs]?: Set<string> }
  if (holder[openLogs] === undefined) {
    Object.defineProperty(holder, openLogs, { value: new Set<string>() })
  }
  return holder[openLogs]!
}

function openError(error: unknown): GoetheError {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause
  if (cause?.code === 'LEVEL_LOCKED') {
    // LevelDB tells by its words alone whether it was this process that has taken the lock.
    const where = /already held by process/.test(cause.message ?? '') ? 'this' : 'another'
    return new GoetheError(
      'GOETHE_LOCKED',
      `The store is open already in ${where} process, and only once at a time: ${cause.message ?? ''}`,
      { cause: error },
    )
  }
  const reason = cause?.message ?? (error as Error).message
  return new GoetheError('GOETHE_INVALID_STORE', `The store could not be opened: ${reason}`, {
    cause: error,
  })
}
