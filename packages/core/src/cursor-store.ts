/**
 * The cursors of a log. What a commit is about to write is known here before it is written, so
 * that several changes of one commit build on each other; everybody else reads the store.
 */
import type { AppendPart } from './append-part.js'
import type { Committer } from './committer.js'
import {
  type CursorRecord,
  decodeCursorRecord,
  encodeCursorRecord,
  newCursorRecord,
} from './cursor-record.js'
import { cursorStatesMax, queueBytesPerPayload } from './limits.js'
import type { Store, StoreOperation } from './store.js'
import { reading } from './stored-entry.js'

/** A cursor that somebody in this process works with. */
interface CursorState {
  readonly topic: string
  readonly consumer: string
  /** As of the last commit, or of the one that is being prepared. */
  record: CursorRecord
}

/** Told when a cursor was moved by seek, taken over by somebody else, or deleted. */
type CursorListener = (change: 'moved' | 'taken' | 'deleted') => void

/** A change of a cursor: gets the record and returns the next one, or throws. */
type CursorChange = (record: CursorRecord) => CursorRecord

/** What goes into the same atomic batch as a cursor's change. */
interface CursorChangeExtras {
  parts?: readonly AppendPart[]
  operations?: readonly StoreOperation[]
}

export class CursorStore {
  readonly #store: Store
  readonly #committer: Committer
  readonly #states = new Map<string, CursorState>()
  readonly #listeners = new Map<string, Set<CursorListener>>()
  /** Sessions of deleted cursors: one of the same name must not begin with a session again. */
  readonly #deletedSessions = new Map<string, number>()

  constructor(store: Store, committer: Committer) {
    this.#store = store
    this.#committer = committer
  }

  /** The stored record, or undefined when there is no such cursor. */
  async read(topic: string, consumer: string): Promise<CursorRecord | undefined> {
    const key = this.#key(topic, consumer)
    const bytes = await this.#store.get(key)
    return bytes && reading('cursors', key, topic, () => decodeCursorRecord(bytes))
  }

  /** Writes a changed record, atomically with the extras. What `change` throws is rejected. */
  async change(
    topic: string,
    consumer: string,
    change: CursorChange,
    extras: CursorChangeExtras = {},
  ): Promise<CursorRecord> {
    const { parts = [], operations = [] } = extras
    let state!: CursorState
    let changed!: CursorRecord
    this.#evict()
    await this.#committer.commit({
      parts,
      bytes: parts.reduce(
        (sum, { payloads }) => sum + payloadBytes(payloads),
        queueBytesPerPayload,
      ),
      prepare: async () => {
        state = await this.#load(topic, consumer)
        changed = change(state.record)
        state.record = changed
      },
      operations: () => [
        { type: 'put', key: this.#key(topic, consumer), value: encodeCursorRecord(state.record) },
        ...operations,
      ],
    })
    return changed
  }

  /** Makes the caller the cursor's owner; whoever was it before is fenced off. */
  async takeOver(topic: string, consumer: string, hold?: boolean): Promise<CursorRecord> {
    const record = await this.change(topic, consumer, (before) => ({
      ...before,
      session: before.session + 1,
      hold: hold ?? before.hold,
    }))
    this.tell(topic, consumer, 'taken')
    return record
  }

  /** Removes a cursor; whoever had it is fenced off. */
  async delete(topic: string, consumer: string): Promise<void> {
    await this.#committer.commit({
      parts: [],
      bytes: queueBytesPerPayload,
      alone: true,
      operations: () => {
        this.forget(topic, consumer)
        return [{ type: 'del', key: this.#key(topic, consumer) }]
      },
    })
  }

  /** Tells those who work with a cursor what somebody else did to it. */
  tell(topic: string, consumer: string, change: Parameters<CursorListener>[0]): void {
    for (const listener of this.#listeners.get(`${topic}:${consumer}`) ?? []) listener(change)
  }

  /** Forgets what was remembered, because stored cursors were replaced; listeners begin again. */
  reload(): void {
    this.#states.clear()
    for (const listeners of this.#listeners.values()) {
      for (const listener of listeners) listener('moved')
    }
  }

  listen(topic: string, consumer: string, listener: CursorListener): () => void {
    const name = `${topic}:${consumer}`
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(name)
    }
  }

  /**
   * Forgets a cursor as it is being deleted, so that changes queued behind that find none. Should
   * the write fail, no change will come any more.
   */
  forget(topic: string, consumer: string): void {
    const name = `${topic}:${consumer}`
    const session = this.#states.get(name)?.record.session
    this.#states.delete(name)
    if (session !== undefined) this.#deletedSessions.set(name, session)
    if (this.#deletedSessions.size > cursorStatesMax) {
      this.#deletedSessions.delete(this.#deletedSessions.keys().next().value!)
    }
    this.tell(topic, consumer, 'deleted')
  }

  /** Forgets all cursors of a topic that is being deleted. */
  forgetTopic(topic: string): void {
    for (const { topic: of, consumer } of this.#states.values()) {
      if (of === topic) this.forget(topic, consumer)
    }
  }

  /** The key under which a cursor is stored. */
  #key(topic: string, consumer: string): Uint8Array {
    return this.#store.keyspaces.cursors.nameKey(topic, consumer)
  }

  async #load(topic: string, consumer: string): Promise<CursorState> {
    const name = `${topic}:${consumer}`
    const known = this.#states.get(name)
    if (known !== undefined) return known
    const record = (await this.read(topic, consumer)) ?? this.#newRecord(name)
    // Another change may have loaded it meanwhile.
    const state = this.#states.get(name) ?? { topic, consumer, record }
    this.#states.set(name, state)
    return state
  }

  #newRecord(name: string): CursorRecord {
    const deleted = this.#deletedSessions.get(name)
    return deleted === undefined ? newCursorRecord : { ...newCursorRecord, session: deleted + 1 }
  }

  /** What is stored can be read again; only a commit under way needs what is here. */
  #evict(): void {
    if (this.#states.size > cursorStatesMax && this.#committer.queuedBytes === 0) {
      this.#states.clear()
    }
  }
}

function payloadBytes(payloads: readonly Uint8Array[]): number {
  return payloads.reduce((sum, payload) => sum + payload.length, 0)
}
