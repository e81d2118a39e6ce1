/**
 * The cluster as one more abstract-level store. A write is proposed, and done when it is committed
 * and applied here; reads serve what is applied. What another member wrote surfaces as the `write`
 * event, as if it had been written here, so that live readers wake up on followers.
 */
import { AbstractIterator, type AbstractIteratorOptions, AbstractLevel } from 'abstract-level'
import type { AbstractSnapshot, AbstractSeekOptions } from 'abstract-level'
import type { AppliedStore } from './applied-store.js'
import { type Operation, decodeOperations, encodeOperations } from './operation-codec.js'

/** The way of a write to all members. */
export interface Replication {
  /**
   * Resolves once the operations are committed and applied here, in the order of the calls. Rejects
   * with GOETHE_NOT_LEADER or GOETHE_UNAVAILABLE when nothing was done, and with
   * GOETHE_OUTCOME_UNKNOWN when it may have been.
   */
  propose(operations: Uint8Array): Promise<void>
  /**
   * For linearizable reads: resolves once all that was acknowledged to anybody before, and shown to
   * anybody, is applied here. The leader can tell, once the in-sync set has confirmed that it leads
   * still; a follower asks it. Rejects with GOETHE_UNAVAILABLE where they do not answer or the lead
   * changes meanwhile, and with GOETHE_NOT_LEADER where no leader is heard or this is far behind.
   */
  confirm(): Promise<void>
  /**
   * Calls the listener for every entry that was applied here without a `propose` that resolves, in
   * order. What was proposed before must have resolved a turn of the event loop earlier. Returns
   * what ends it.
   */
  onApplied(listener: (operations: Uint8Array) => void): () => void
}

export interface ReplicatedLevelOptions {
  /** Encodings of abstract-level; default `view`, as bytes are what the store holds. */
  keyEncoding?: string
  valueEncoding?: string
}

type Bytes = Uint8Array
type PrivateOperation = { type: 'put'; key: Bytes; value: Bytes } | { type: 'del'; key: Bytes }
type IteratorOptions = AbstractIteratorOptions<Bytes, Bytes>
type ReadOptions = { snapshot?: AbstractSnapshot | undefined }

const views = { keyEncoding: 'view', valueEncoding: 'view' } as const
/** Keys that `clear` deletes by one entry. */
const clearKeysMax = 1000

/** It leaves its store and the replication open when it is closed: they serve the next one. */
export class ReplicatedLevel<K = Bytes, V = Bytes> extends AbstractLevel<Bytes, K, V> {
  readonly #store: AppliedStore
  readonly #replication: Replication
  #stopListening: (() => void) | undefined

  constructor(store: AppliedStore, replication: Replication, options: ReplicatedLevelOptions = {}) {
    const { supports } = store.root
    super(
      {
        encodings: { view: true },
        permanence: supports.permanence ?? true,
        createIfMissing: supports.createIfMissing ?? false,
        errorIfExists: supports.errorIfExists ?? false,
        explicitSnapshots: supports.explicitSnapshots ?? false,
        implicitSnapshots: supports.implicitSnapshots ?? false,
        has: supports.has ?? false,
        // For the log above: it may propose the next commit while this one is under way.
        ...{ orderedBatches: true },
        // And it may ask whether what it reads is all there is.
        ...{ confirm: true },
      },
      { ...views, ...options },
    )
    this.#store = store
    this.#replication = replication
  }

  /** As `Replication.confirm`. */
  confirm(): Promise<void> {
    return this.#replication.confirm()
  }

  async _open(options: { createIfMissing?: boolean; errorIfExists?: boolean }): Promise<void> {
    if (this.#store.root.status !== 'open') await this.#store.open(options)
    this.#stopListening = this.#replication.onApplied((bytes) => this.#onApplied(bytes))
  }

  async _close(): Promise<void> {
    this.#stopListening?.()
  }

  _get(key: Bytes, { snapshot }: ReadOptions): Promise<Bytes | undefined> {
    return this.#store.level.get<Bytes, Bytes>(key, reading(snapshot))
  }

  _getMany(keys: Bytes[], { snapshot }: ReadOptions): Promise<(Bytes | undefined)[]> {
    return this.#store.level.getMany<Bytes, Bytes>(keys, reading(snapshot))
  }

  _has(key: Bytes, { snapshot }: ReadOptions): Promise<boolean> {
    return this.#store.level.has<Bytes>(key, reading(snapshot))
  }

  _hasMany(keys: Bytes[], { snapshot }: ReadOptions): Promise<boolean[]> {
    return this.#store.level.hasMany<Bytes>(keys, reading(snapshot))
  }

  _iterator(options: IteratorOptions): ReplicatedIterator<K, V> {
    return new ReplicatedIterator(
      this,
      this.#store.level.iterator({ ...options, ...views }),
      options,
    )
  }

  // `owner` makes it close together with this level and not with the store below.
  _snapshot(options: object): AbstractSnapshot {
    return this.#store.level.snapshot(options)
  }

  async _put(key: Bytes, value: Bytes): Promise<void> {
    await this._batch([{ type: 'put', key, value }])
  }

  async _del(key: Bytes): Promise<void> {
    await this._batch([{ type: 'del', key }])
  }

  async _batch(operations: readonly PrivateOperation[]): Promise<void> {
    if (operations.length === 0) return
    await this.#replication.propose(encodeOperations(operations))
  }

  async _clear(options: IteratorOptions): Promise<void> {
    const keys = this.#store.level.keys<Bytes>({ ...options, keyEncoding: 'view' })
    try {
      for (;;) {
        const some = await keys.nextv(clearKeysMax)
        if (some.length === 0) return
        await this._batch(some.map((key) => ({ type: 'del', key })))
      }
    } finally {
      await keys.close()
    }
  }

  #onApplied(bytes: Uint8Array): void {
    if (this.status !== 'open' || this.listenerCount('write') === 0) return
    const operations = decodeOperations(bytes)
    if (operations.length > 0)
      this.emit(
        'write',
        operations.map((one) => this.#written(one)),
      )
  }

  /** An operation as abstract-level describes one that was written by bytes. */
  #written(operation: Operation): object {
    const keyEncoding = this.keyEncoding('view')
    const encodedKey = operation.key
    if (operation.type === 'del') return { ...operation, keyEncoding, encodedKey }
    const valueEncoding = this.valueEncoding('view')
    const encodedValue = operation.value
    return { ...operation, keyEncoding, valueEncoding, encodedKey, encodedValue }
  }
}

class ReplicatedIterator<K, V> extends AbstractIterator<ReplicatedLevel<K, V>, K, V> {
  readonly #below: AbstractIterator<any, Bytes, Bytes>

  constructor(
    level: ReplicatedLevel<K, V>,
    below: AbstractIterator<any, Bytes, Bytes>,
    options: IteratorOptions,
  ) {
    super(level, options as AbstractIteratorOptions<any, any>)
    this.#below = below
  }

  _next(): Promise<[Bytes, Bytes] | undefined> {
    return this.#below.next()
  }

  _nextv(size: number): Promise<[Bytes, Bytes][]> {
    return this.#below.nextv(size)
  }

  _all(): Promise<[Bytes, Bytes][]> {
    return this.#below.all()
  }

  _seek(target: Bytes, _options: AbstractSeekOptions<Bytes>): void {
    this.#below.seek(target, { keyEncoding: 'view' })
  }

  _close(): Promise<void> {
    return this.#below.close()
  }
}

function reading(snapshot: AbstractSnapshot | undefined): typeof views & ReadOptions {
  return snapshot === undefined ? views : { ...views, snapshot }
}
