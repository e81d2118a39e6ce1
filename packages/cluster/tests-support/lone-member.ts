/**
 * A cluster of one member: its journal is the only one that an entry has to be in. It journals and
 * applies as any member does, without the agreement with others.
 */
import { type Database, GoetheError } from '@goethe/core'
import { AppliedStore } from '../src/applied-store.js'
import type { Disk } from '../src/journal/disk.js'
import type { Journal } from '../src/journal/journal.js'
import type { StoredEntry } from '../src/journal/stored-entry.js'
import {
  ReplicatedLevel,
  type ReplicatedLevelOptions,
  type Replication,
} from '../src/replicated-level.js'
import { openJournal } from './journals.js'

export class LoneMember implements Replication {
  readonly store: AppliedStore
  readonly #disk: Disk
  readonly #listeners = new Set<(operations: Uint8Array) => void>()
  #journal: Journal | undefined
  #lsn = 0
  #applying: Promise<void> = Promise.resolve()
  /** While false, a write is refused as on a follower. */
  leads = true

  constructor(root: Database, disk: Disk) {
    this.store = new AppliedStore(root)
    this.#disk = disk
  }

  /** Opens store and journal, and applies what a crash left in the journal alone. */
  async open(options: object = {}): Promise<void> {
    await this.store.open(options)
    this.#journal = await openJournal(this.#disk)
    for (;;) {
      const entries = await this.#journal.read(this.store.applied.lsn + 1, 1_000_000)
      if (entries === undefined || entries.length === 0) break
      await this.store.apply(entries)
    }
    this.#lsn = this.#journal.last.lsn
  }

  propose(operations: Uint8Array): Promise<void> {
    if (!this.leads) return Promise.reject(this.#elsewhere())
    return this.#write({ lsn: ++this.#lsn, epoch: 1, operations })
  }

  confirm(): Promise<void> {
    return this.leads ? this.#applying : Promise.reject(this.#elsewhere())
  }

  onApplied(listener: (operations: Uint8Array) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** An entry as it comes from a leader elsewhere. */
  async receive(operations: Uint8Array): Promise<void> {
    await this.#write({ lsn: ++this.#lsn, epoch: 1, operations })
    for (const listener of this.#listeners) listener(operations)
  }

  async close(): Promise<void> {
    await this.#applying
    await this.#journal?.close()
    await this.store.close()
  }

  #elsewhere(): GoetheError {
    const details = { leader: 'elsewhere:7070' }
    return new GoetheError('GOETHE_NOT_LEADER', 'This member follows elsewhere:7070', { details })
  }

  #write(entry: StoredEntry): Promise<void> {
    const durable = this.#journal!.append([entry])
    const applied = this.#applying.then(() => durable).then(() => this.store.apply([entry]))
    this.#applying = applied.catch(() => {})
    return applied
  }
}

/** Opens and closes its member, as the store of a log that stands alone does. */
export class LoneLevel<K = Uint8Array, V = Uint8Array> extends ReplicatedLevel<K, V> {
  readonly member: LoneMember

  constructor(member: LoneMember, options: ReplicatedLevelOptions = {}) {
    super(member.store, member, options)
    this.member = member
  }

  override async _open(options: object): Promise<void> {
    await this.member.open(options)
    await super._open(options)
  }

  override async _close(): Promise<void> {
    await super._close()
    await this.member.close()
  }
}
