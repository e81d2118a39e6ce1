/**
 * How a check of the whole store reads it: sublevel by sublevel in order, with progress between, and
 * single entries beside. What cannot be read is a problem like any other.
 */
import type { AbortSignalLike } from './abort-signal.js'
import type { VerifyStep } from './upkeep-api.js'
import { type GoetheError, abortedError, isGoetheError } from './errors.js'
import {
  type KeyRange,
  type Keyspace,
  type KeyspaceName,
  hexadecimalKey,
  keyspaceNames,
} from './keyspace.js'
import type { Store } from './store.js'
import type { StoreEntry } from './store-scan.js'

export type Problem = Extract<VerifyStep, { type: 'problem' }>
type Phase = Extract<VerifyStep, { type: 'progress' }>['phase']

/** Entries that are looked at at a time: more than a disk answers at once, less than takes memory. */
const checksMax = 256

export class VerifyReads {
  readonly #store: Store
  readonly #signal: AbortSignalLike | undefined
  readonly #snapshot: ReturnType<Store['snapshot']>
  #checked = 0
  /** What could not be looked up, not yielded yet. */
  #unreadable: Problem[] = []

  constructor(store: Store, signal: AbortSignalLike | undefined) {
    this.#store = store
    this.#signal = signal
    this.#snapshot = store.snapshot()
  }

  /** True where nothing that is read can have changed meanwhile. */
  get isOfOneMoment(): boolean {
    return this.#snapshot !== undefined
  }

  async close(): Promise<void> {
    await this.#snapshot?.close()
  }

  /** One entry; undefined where there is none, or none that can be read. */
  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const read = this.#store.get(key, this.#snapshot)
    return read.catch((error: unknown) => this.#noteUnreadable(error, key))
  }

  /** The first entry of a range, or the last one in reverse; undefined as by `get`. */
  async first(range: KeyRange, reverse = false): Promise<StoreEntry | undefined> {
    const read = this.#store.first(range, { reverse, snapshot: this.#snapshot })
    return read.catch((error: unknown) => this.#noteUnreadable(error, range.gte!))
  }

  /** What cannot be read is then reported as missing too. */
  #noteUnreadable(error: unknown, key: Uint8Array): undefined {
    if (!isUnreadable(error)) throw error
    const { keyspaces } = this.#store
    const keyspace = keyspaceNames.find((name) => keyspaces[name].owns(key)) ?? 'events'
    this.#unreadable.push(problem(keyspace, undefined, key, error.message))
  }

  /** What `get` and `first` could not read since the last time. */
  *unreadable(): Generator<VerifyStep, void, undefined> {
    const found = this.#unreadable
    this.#unreadable = []
    yield* found
  }

  /**
   * What is wrong with the entries of a sublevel, in their order. Many are looked at at a time: one
   * that has to wait for the disk does not keep the next one waiting.
   */
  async *each(
    keyspace: Keyspace,
    phase: Phase,
    check: (entry: StoreEntry) => Promise<Problem[]>,
  ): AsyncGenerator<VerifyStep> {
    let checks: Promise<Problem[]>[] = []
    // The last of a walk is never an entry, so that no check is left over.
    for await (const step of this.walk(keyspace, phase)) {
      const isEntry = Array.isArray(step)
      if (isEntry) checks.push(check(step))
      if (isEntry && checks.length < checksMax) continue
      for (const problems of await Promise.all(checks)) yield* problems
      checks = []
      if (!isEntry) yield step
    }
  }

  /** The entries of a sublevel, with progress between them, and what keeps the rest from us. */
  async *walk(keyspace: Keyspace, phase: Phase): AsyncGenerator<StoreEntry | VerifyStep> {
    const scan = this.#store.scan(keyspace.range(), { snapshot: this.#snapshot })
    try {
      for (;;) {
        if (this.#signal?.aborted) throw abortedError(this.#signal)
        const entries = await scan.next()
        if (entries.length === 0) break
        for (const entry of entries) {
          yield entry
          if (this.#unreadable.length > 0) yield* this.unreadable()
        }
        this.#checked += entries.length
        yield { type: 'progress', phase, checked: this.#checked }
      }
    } catch (error) {
      if (!isUnreadable(error)) throw error
      yield problem(keyspace.name, undefined, keyspace.prefix, error.message)
    } finally {
      await scan.close()
    }
  }
}

export function problem(
  keyspace: KeyspaceName,
  topic: string | undefined,
  key: Uint8Array,
  message: string,
): Problem {
  return { type: 'problem', keyspace, topic, key: hexadecimalKey(key), message }
}

/** True for what keeps a part of the store from being read, and not the rest of it. */
function isUnreadable(error: unknown): error is GoetheError {
  return isGoetheError(error, 'GOETHE_CORRUPT') || isGoetheError(error, 'GOETHE_READ_FAILED')
}
