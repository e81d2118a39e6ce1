/**
 * A coordinator in memory, for tests: a `CoordinatorMemory` is what all members share, and each has
 * its own coordinator on it. What networks do to calls happens when a test says so.
 */
import { type AbortSignalLike, GoetheError } from '@goethe/core'
import { abortedError } from '@goethe/core/contract'
import type { ClusterRecord } from '../record.js'
import type { ChangeOutcome, Coordinator, VersionedRecord } from './coordinator.js'
import { checkRecord } from './record-bounds.js'

/** What happens to calls. */
export type MemoryFault =
  | 'none'
  /** None arrives, and all know it. */
  | 'outage'
  /** Each arrives and is done; its answer is lost. */
  | 'lost-answers'
  /** Changes arrive when `applyHeld` is called; their callers have given up by then. */
  | 'held-changes'

/** The record, and the faults between it and those who use it. */
export class CoordinatorMemory {
  /** As it stands, whatever the faults. */
  stored: VersionedRecord | undefined
  readonly #watchers = new Set<() => void>()
  #fault: MemoryFault = 'none'
  #revision = 0
  #held: (() => void)[] = []

  get fault(): MemoryFault {
    return this.#fault
  }

  /** When an outage ends, those who watch are called, as after each reconnection. */
  set fault(fault: MemoryFault) {
    const wasOut = this.#fault === 'outage'
    this.#fault = fault
    if (wasOut && fault !== 'outage') this.#notify()
  }

  /** One member's way to the record. */
  coordinator(): Coordinator {
    return new MemoryCoordinator(this)
  }

  /** Lets the changes arrive that were held, in their order. */
  applyHeld(): void {
    for (const apply of this.#held.splice(0)) apply()
  }

  /** Changes the record, and says whether it was the one of the token. */
  apply(token: string | undefined, record: ClusterRecord): ChangeOutcome {
    if (this.stored?.token !== token) return { outcome: 'refused' }
    this.stored = { record: structuredClone(record), token: `${++this.#revision}` }
    this.#notify()
    return { outcome: 'changed', token: this.stored.token }
  }

  /** As `apply`, when `applyHeld` is called. */
  hold(token: string | undefined, record: ClusterRecord): void {
    this.#held.push(() => {
      this.apply(token, record)
    })
  }

  /** Calls back at once, and after each change; the function returned takes it back. */
  watch(onChange: () => void): () => void {
    const watcher = (): void => {
      queueMicrotask(() => {
        if (this.#watchers.has(watcher)) onChange()
      })
    }
    this.#watchers.add(watcher)
    if (this.#fault !== 'outage') watcher()
    return () => {
      this.#watchers.delete(watcher)
    }
  }

  #notify(): void {
    if (this.#fault === 'outage') return
    for (const watcher of this.#watchers) watcher()
  }
}

class MemoryCoordinator implements Coordinator {
  readonly #memory: CoordinatorMemory
  readonly #stops = new Set<() => void>()
  #closed = false

  constructor(memory: CoordinatorMemory) {
    this.#memory = memory
  }

  async read(signal?: AbortSignalLike): Promise<VersionedRecord | undefined> {
    if (signal?.aborted === true) throw abortedError(signal)
    if (this.#closed) throw new GoetheError('GOETHE_CLOSED', 'The coordinator is closed')
    const { fault } = this.#memory
    if (fault === 'outage' || fault === 'lost-answers') throw this.#unavailable()
    return structuredClone(this.#memory.stored)
  }

  change(token: string | undefined, record: ClusterRecord): Promise<ChangeOutcome> {
    checkRecord(record)
    return Promise.resolve(this.#change(token, record))
  }

  #change(token: string | undefined, record: ClusterRecord): ChangeOutcome {
    const cause = this.#unavailable()
    if (this.#closed || this.#memory.fault === 'outage') return { outcome: 'failed', cause }
    if (this.#memory.fault === 'held-changes') {
      this.#memory.hold(token, structuredClone(record))
      return { outcome: 'unknown', cause }
    }
    const outcome = this.#memory.apply(token, record)
    return this.#memory.fault === 'lost-answers' ? { outcome: 'unknown', cause } : outcome
  }

  watch(onChange: () => void): () => void {
    const stop = this.#memory.watch(onChange)
    this.#stops.add(stop)
    return () => {
      stop()
      this.#stops.delete(stop)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const stop of this.#stops) stop()
    this.#stops.clear()
  }

  #unavailable(): GoetheError {
    return new GoetheError('GOETHE_UNAVAILABLE', 'The coordinator in memory plays dead')
  }
}
