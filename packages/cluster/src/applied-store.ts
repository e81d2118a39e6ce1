/**
 * What readers see: the state of the store above after some entry of the journal. It shares the
 * member's local database with a note of which entry that was, so that an entry and the note of it
 * are one atomic batch, and applying it twice or never cannot happen.
 *
 *     '!store!'    what is above: an event log
 *     '!cluster!'  'applied': the last applied entry (8 bytes lsn, 8 bytes epoch, CRC-32 of both)
 *                  'flushed': the same, of when everything applied was last made durable
 *
 * Entries are applied without a sync, as the journal has them. So after a loss of power the note of
 * the last one may be there while something before it is not: LevelDB syncs the log that it writes to,
 * and never the one before, and reads both when it is opened. What lies between the two notes is
 * therefore applied once more, before anybody reads (`member/reapply.ts`).
 */
import { crc32 } from 'node:zlib'
import { type Database, GoetheError } from '@goethe/core'
import type { AbstractLevel, AbstractSnapshot } from 'abstract-level'
import { putNumber, takeNumber, viewOf } from './journal/numbers.js'
import type { StoredEntry } from './journal/stored-entry.js'
import type { SnapshotChunk } from './member/snapshot-source.js'
import { decodeOperations } from './operation-codec.js'
import { type Position, origin } from './replica/position.js'

const views = { keyEncoding: 'view', valueEncoding: 'view' } as const
const recordBytes = 20

/** From how many bytes a value on, in the mean, an array costs less than a chained batch. */
const largeValueBytes = 4096

/** Bytes of a snapshot that are written at a time. */
const restoreBytes = 4 * 1024 * 1024

/** What becomes of a key: a value, or nothing. */
interface Write {
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

/** With all that a store of abstract-level has: members use more of theirs than a log does. */
type LocalDatabase = AbstractLevel<any, any, any>

export class AppliedStore {
  /** The member's local database. */
  readonly root: LocalDatabase
  /** The part of it that the entries are about. */
  readonly level: ReturnType<typeof sublevelsOf>['store']
  readonly #appliedKey: Uint8Array
  readonly #flushedKey: Uint8Array
  readonly #syncFiles: () => Promise<void>
  /** Keys and values of the database are bytes unless it is told otherwise. */
  readonly #usual: boolean
  #applied: Position = origin
  #flushedLsn = 0
  #writing: Promise<void> = Promise.resolve()

  /**
   * It is quickest with a database whose encodings are `view`, as bytes are all that it is given.
   * `syncFiles` makes durable whatever the database has given to the system by now; without it, the
   * database is one that keeps nothing.
   */
  constructor(root: Database, syncFiles: () => Promise<void> = () => Promise.resolve()) {
    this.root = root as unknown as LocalDatabase
    this.#syncFiles = syncFiles
    const { store, cluster } = sublevelsOf(this.root)
    this.level = store
    this.#usual = root.keyEncoding().name === 'view' && root.valueEncoding().name === 'view'
    const keyOf = (name: string): Uint8Array =>
      cluster.prefixKey(new TextEncoder().encode(name), 'view', true)
    this.#appliedKey = keyOf('applied')
    this.#flushedKey = keyOf('flushed')
  }

  /** Opens the database. Rejects with GOETHE_CORRUPT when it does not know what it holds. */
  async open(options: { createIfMissing?: boolean; errorIfExists?: boolean } = {}): Promise<void> {
    try {
      await this.root.open(options)
    } catch (error) {
      // Whoever opens the level above says once more that it is not open.
      throw (error as Error).cause ?? error
    }
    await this.level.open()
    this.#applied = await this.positionAt()
    this.#flushedLsn = (await this.#noteAt(this.#flushedKey)).lsn
  }

  /** The last entry that readers see. */
  get applied(): Position {
    return this.#applied
  }

  /** What of it survives a loss of power for certain. */
  get flushedLsn(): number {
    return this.#flushedLsn
  }

  /** The last entry that a snapshot of the database has seen; without one, the last of all. */
  positionAt(snapshot?: AbstractSnapshot): Promise<Position> {
    return this.#noteAt(this.#appliedKey, snapshot)
  }

  async #noteAt(key: Uint8Array, snapshot?: AbstractSnapshot): Promise<Position> {
    const options = snapshot === undefined ? views : { ...views, snapshot }
    const bytes = await this.root.get<Uint8Array, Uint8Array>(key, options)
    if (bytes === undefined) return origin
    const view = viewOf(bytes)
    if (bytes.length !== recordBytes || view.getUint32(16, true) !== crc32(bytes.subarray(0, 16))) {
      throw new GoetheError(
        'GOETHE_CORRUPT',
        'The local store is damaged: a note of which entries were applied is not what was written',
      )
    }
    return { lsn: takeNumber(view, 0), epoch: takeNumber(view, 8) }
  }

  /**
   * Applies entries that follow the last one, all or none. They are in the journal, so there is no
   * need to flush them each time: `flush` says from where on the journal is still needed.
   */
  apply(entries: readonly StoredEntry[], options = { flush: false }): Promise<void> {
    return this.#inOrder(async () => {
      await this.#apply(entries)
      if (options.flush) await this.#flush()
    })
  }

  /**
   * Does the operations of entries again that were applied since the last flush, of which a loss of
   * power may have kept any part. The store is right again once that was done with all of them, in
   * order.
   */
  reapply(entries: readonly StoredEntry[]): Promise<void> {
    return this.#inOrder(() => this.#write(this.#writesOf(entries)))
  }

  /**
   * Takes over a snapshot into this empty store, some chunks at a time, all of them durable before
   * the note at the end, which makes it whole. Resolves with the last entry that it holds. Rejects with
   * GOETHE_CORRUPT when the end does not come.
   */
  async restore(chunks: AsyncIterable<SnapshotChunk>): Promise<Position> {
    let writes: Write[] = []
    let bytes = 0
    let writing: Promise<void> = Promise.resolve()
    // What comes next is taken while that before it is written.
    const write = async (): Promise<void> => {
      await writing
      writing = this.#write(writes)
      // Whoever waits for it next is told.
      writing.catch(() => {})
      writes = []
      bytes = 0
    }
    try {
      for await (const chunk of chunks) {
        if (chunk.type === 'end') {
          await write()
          await writing
          return await this.#restored(chunk.applied)
        }
        for (const [key, value] of chunk.entries) {
          writes.push({ key: this.level.prefixKey(key, 'view', true), value })
          bytes += key.length + value.length
        }
        if (bytes >= restoreBytes) await write()
      }
    } finally {
      await writing.catch(() => {})
    }
    throw new GoetheError('GOETHE_CORRUPT', 'A snapshot has ended before it was whole')
  }

  /** The note comes last: where it is, all that it speaks of is. */
  async #restored(applied: Position): Promise<Position> {
    const value = encodePosition(applied)
    const notes = [
      { key: this.#appliedKey, value },
      { key: this.#flushedKey, value },
    ]
    await this.#syncFiles()
    await this.#write(notes, true)
    this.#applied = applied
    this.#flushedLsn = applied.lsn
    return applied
  }

  /** Makes everything applied so far durable. */
  flush(): Promise<void> {
    return this.#inOrder(() => this.#flush())
  }

  async close(): Promise<void> {
    await this.#writing
    await this.root.close()
  }

  async #apply(entries: readonly StoredEntry[]): Promise<void> {
    const last = entries.at(-1)
    if (last === undefined) return
    if (entries[0]!.lsn !== this.#applied.lsn + 1) {
      throw new GoetheError(
        'GOETHE_INTERNAL',
        `Entry ${entries[0]!.lsn} does not follow ${this.#applied.lsn}, which was applied last`,
      )
    }
    const writes = this.#writesOf(entries)
    writes.push({ key: this.#appliedKey, value: encodePosition(last) })
    await this.#write(writes)
    this.#applied = { lsn: last.lsn, epoch: last.epoch }
  }

  async #flush(): Promise<void> {
    const position = this.#applied
    if (position.lsn === this.#flushedLsn) return
    // The note comes last: where it is, all that it speaks of is.
    await this.#syncFiles()
    await this.#write([{ key: this.#flushedKey, value: encodePosition(position) }], true)
    this.#flushedLsn = position.lsn
  }

  #writesOf(entries: readonly StoredEntry[]): Write[] {
    const writes: Write[] = []
    for (const { operations } of entries) {
      for (const operation of decodeOperations(operations)) {
        const key = this.level.prefixKey(operation.key, 'view', true)
        writes.push({ key, value: operation.type === 'put' ? operation.value : undefined })
      }
    }
    return writes
  }

  /** All or none. */
  #write(writes: readonly Write[], sync = false): Promise<void> {
    let bytes = 0
    for (const { value } of writes) bytes += value?.length ?? 0
    return bytes >= largeValueBytes * writes.length
      ? this.#writeArray(writes, sync)
      : this.#writeChain(writes, sync)
  }

  /** Quick for large values: what LevelDB is given is freed right after, not when V8 next collects. */
  #writeArray(writes: readonly Write[], sync: boolean): Promise<void> {
    const operations = writes.map(({ key, value }) =>
      value === undefined ? { type: 'del' as const, key } : { type: 'put' as const, key, value },
    )
    const options = { ...views, sync }
    return this.root.batch<Uint8Array, Uint8Array>(operations, options)
  }

  /**
   * Quick for many small ones. Options that say nothing new cost abstract-level as much as all the
   * rest.
   */
  #writeChain(writes: readonly Write[], sync: boolean): Promise<void> {
    const batch = this.root.batch()
    for (const { key, value } of writes) {
      if (value !== undefined) {
        if (this.#usual) batch.put(key, value)
        else batch.put(key, value, views)
      } else if (this.#usual) batch.del(key)
      else batch.del(key, views)
    }
    return batch.write({ sync })
  }

  /** One write at a time: the store may do two that are under way in another order. */
  #inOrder(write: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(write)
    this.#writing = done.catch(() => {})
    return done
  }
}

function sublevelsOf(root: LocalDatabase) {
  const bytes = views as { keyEncoding: 'view'; valueEncoding: 'view' }
  return {
    store: root.sublevel<Uint8Array, Uint8Array>('store', bytes),
    cluster: root.sublevel<Uint8Array, Uint8Array>('cluster', bytes),
  }
}

function encodePosition({ lsn, epoch }: Position): Uint8Array {
  const bytes = new Uint8Array(recordBytes)
  const view = viewOf(bytes)
  putNumber(view, 0, lsn)
  putNumber(view, 8, epoch)
  view.setUint32(16, crc32(bytes.subarray(0, 16)), true)
  return bytes
}
