/**
 * The abstract-level database below the log. All access goes through its root, with whole keys:
 * that is what makes a batch span sublevels, the log's and the application's, and what spares the
 * hot path abstract-level's per-operation prefixes.
 */
import type { Durability } from './append-api.js'
import {
  type Database,
  type DatabaseBatch,
  type DatabaseSnapshot,
  type OperationOptions,
  rootOf,
  views,
} from './database.js'
import { ArgumentError, GoetheError } from './errors.js'
import { type KeyRange, type Keyspaces, keyspaces } from './keyspace.js'
import { orderedWritesMax } from './limits.js'
import { describeValue } from './names.js'
import { claim, releaseClaim } from './store-claim.js'
import { openError, throwReadError } from './store-errors.js'
import { type ScanOptions, type StoreEntry, StoreScan, openIterator } from './store-scan.js'

/** One entry of a batch. Without `options`, key and value are whole keys and bytes of the log. */
export type StoreOperation =
  | { type: 'put'; key: unknown; value: unknown; options?: OperationOptions }
  | { type: 'del'; key: unknown; options?: OperationOptions }

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
    this.writesMax = root.supports.orderedBatches === true ? orderedWritesMax : 1
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
    const { view, buffer } = root.supports.encodings
    if (!view && !buffer) {
      throw new GoetheError('GOETHE_INVALID_STORE', 'The store cannot hold keys of bytes')
    }
    try {
      await root.open()
      await database.open()
    } catch (error) {
      throw openError(error)
    }
    const store = new Store(root, prefix, durability)
    claim(root, prefix)
    return store
  }

  async get(key: Uint8Array, snapshot?: DatabaseSnapshot): Promise<Uint8Array | undefined> {
    this.reads++
    const options = snapshot === undefined ? views : { ...views, snapshot }
    return this.root.get(key, options).catch(throwReadError) as Promise<Uint8Array | undefined>
  }

  async getMany(keys: Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    if (keys.length === 0) return []
    this.reads++
    return this.root.getMany(keys, views).catch(throwReadError) as Promise<
      (Uint8Array | undefined)[]
    >
  }

  /** The first entry of a range, or the last one in reverse. */
  async first(
    range: KeyRange,
    options: { reverse?: boolean; snapshot?: DatabaseSnapshot | undefined } = {},
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
    return new StoreScan(this.root, range, options, () => {
      this.reads++
    })
  }

  /** A view of the database at this moment, where the store has such a thing. */
  snapshot(): DatabaseSnapshot | undefined {
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
    if (this.root.supports.confirm === true) await this.root.confirm!()
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
    releaseClaim(this.root, this.#prefix)
  }

  #add(batch: DatabaseBatch, operation: StoreOperation): void {
    const { type, key } = operation
    const options = operation.options ?? this.#viewOptions
    if (type === 'del') {
      if (options === undefined) batch.del(key)
      else batch.del(key, options)
    } else if (options === undefined) batch.put(key, operation.value)
    else batch.put(key, operation.value, options)
  }
}

/**
 * What the store can promise. abstract-level has no word for `sync`; the stores that honour it are
 * LevelDB's family, which alone declare `createIfMissing`. Of the others no fsync is claimed.
 */
function durabilityOf(root: Database, asked: 'os' | 'fsync'): Durability {
  if (root.supports.permanence === false) return 'memory'
  return root.supports.createIfMissing ? asked : 'os'
}
