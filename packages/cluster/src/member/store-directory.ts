/**
 * Where a member's store lies, and how a snapshot takes its place.
 *
 *     store/       what readers see
 *     incoming/    a snapshot that is being fetched, or is complete and about to take its place
 *     outgoing/    what it has replaced, until the journal, too, begins behind the snapshot
 *
 * A snapshot is complete once its note of the last applied entry is there, which comes last. What
 * a crash leaves half-way is brought to its end, or cleared away, when the directory is opened.
 */
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Database, GoetheError } from '@goethe/core'
import { AppliedStore } from '../applied-store.js'
import type { Position } from '../replica/position.js'
import type { SnapshotChunk } from './snapshot-source.js'
import { syncDirectory, syncStoreFiles } from './store-files.js'

export interface StoreDirectoryOptions {
  readonly directory: string
  /** Makes a database for a path; it is opened later. */
  database(path: string): Database
}

export class StoreDirectory {
  readonly #options: StoreDirectoryOptions
  #current: AppliedStore
  #isReplaced: boolean

  private constructor(options: StoreDirectoryOptions, current: AppliedStore, isReplaced: boolean) {
    this.#options = options
    this.#current = current
    this.#isReplaced = isReplaced
  }

  /** Opens the store, or makes an empty one. Rejects with GOETHE_CORRUPT, GOETHE_LOCKED. */
  static async open(options: StoreDirectoryOptions): Promise<StoreDirectory> {
    const { store, incoming, outgoing } = paths(options.directory)
    await mkdir(options.directory, { recursive: true })
    // The crash came between the two renames: the snapshot was complete.
    if (!existsSync(store) && existsSync(incoming) && existsSync(outgoing)) {
      await rename(incoming, store)
      await syncDirectory(options.directory)
    }
    const current = storeAt(store, options)
    await current.open().catch(throwLocked)
    try {
      // Only now is it certain that they are nobody else's.
      await rm(incoming, { recursive: true, force: true })
    } catch (error) {
      await current.close()
      throw error
    }
    return new StoreDirectory(options, current, existsSync(outgoing))
  }

  /**
   * Whether a snapshot has taken the store's place, and the journal may still be that of the store
   * before: known on disk until `settle`.
   */
  get isReplaced(): boolean {
    return this.#isReplaced
  }

  get current(): AppliedStore {
    return this.#current
  }

  /** Writes a snapshot beside the store. Resolves with the last entry it holds, once it is durable. */
  async receive(chunks: AsyncIterable<SnapshotChunk>): Promise<Position> {
    const { incoming } = paths(this.#options.directory)
    await rm(incoming, { recursive: true, force: true })
    const fresh = storeAt(incoming, this.#options)
    await fresh.open()
    try {
      return await fresh.restore(chunks)
    } finally {
      await fresh.close()
    }
  }

  /** Puts the snapshot that was received in place of the store, and opens it. */
  async replace(): Promise<void> {
    const { directory } = this.#options
    const { store, incoming, outgoing } = paths(directory)
    await this.#current.close()
    await rename(store, outgoing)
    await rename(incoming, store)
    await syncDirectory(directory)
    this.#isReplaced = true
    this.#current = storeAt(store, this.#options)
    await this.#current.open()
  }

  /** The journal begins behind the snapshot. Resolves once it is certain that this stays known. */
  async settle(): Promise<void> {
    if (!this.#isReplaced) return
    const { directory } = this.#options
    await rm(paths(directory).outgoing, { recursive: true, force: true })
    await syncDirectory(directory)
    this.#isReplaced = false
  }

  async close(): Promise<void> {
    // What is not durable then is applied once more, so a disk that has failed keeps nobody here.
    await this.#current.flush().catch(() => undefined)
    await this.#current.close()
  }
}

function throwLocked(error: unknown): never {
  const { code, message } = error as { code?: string; message?: string }
  if (code !== 'LEVEL_LOCKED') throw error
  throw new GoetheError(
    'GOETHE_LOCKED',
    `Another process runs a member in this directory, which alone may: ${message}`,
    { cause: error },
  )
}

function storeAt(path: string, { database }: StoreDirectoryOptions): AppliedStore {
  return new AppliedStore(database(path), () => syncStoreFiles(path))
}

function paths(directory: string) {
  return {
    store: join(directory, 'store'),
    incoming: join(directory, 'incoming'),
    outgoing: join(directory, 'outgoing'),
  }
}
