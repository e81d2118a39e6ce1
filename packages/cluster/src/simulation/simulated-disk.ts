/**
 * The disk under one member: a journal, a few facts and the store's applied state.
 *
 * What is written is seen at once by who wrote it, is safe only some time later, and what was not
 * safe at a crash is lost from some point on, perhaps in the middle of a write.
 */
import type { DurableFacts } from '../replica/facts.js'
import { noFacts } from '../replica/facts.js'
import type { JournalEntry } from '../replica/messages.js'
import type { RestoredState } from '../replica/options.js'
import { origin, type Position } from '../replica/position.js'
import type { Random } from './random.js'

export type Write =
  | { readonly type: 'append'; readonly entries: readonly JournalEntry[] }
  | { readonly type: 'truncate'; readonly lsn: number }

export class SimulatedDisk {
  /** Writes take this many times longer. */
  slowness = 1
  /** The same for the few facts, which lie in a file of their own. */
  factsSlowness = 1
  /** The next write fails. */
  failing = false
  /** A write failed: nothing more gets safe until it is opened anew. */
  broken = false
  /** What is on it fails its checksums, so that nothing can be opened: only an empty one helps. */
  damaged = false
  facts: DurableFacts = noFacts
  appliedLsn = 0
  /** What of the applied state would survive a power loss. */
  flushedLsn = 0
  /** When the write planned last will be done: writes are done in order. */
  busyUntilMs = 0
  factsBusyUntilMs = 0
  #base: Position = origin
  #safe: JournalEntry[] = []
  #seen: JournalEntry[] = []
  #writes: Write[] = []
  #factsWritten: DurableFacts[] = []

  constructor(readonly storeId: string) {}

  get base(): Position {
    return this.#base
  }

  get safeLsn(): number {
    return this.#base.lsn + this.#safe.length
  }

  /** An entry as who writes it sees it. */
  entry(lsn: number): JournalEntry | undefined {
    return this.#seen[lsn - this.#base.lsn - 1]
  }

  /** An entry that survives a power loss. */
  safeEntry(lsn: number): JournalEntry | undefined {
    return this.#safe[lsn - this.#base.lsn - 1]
  }

  /** Begins a write; what is returned ends it. */
  write(write: Write): () => void {
    this.#writes.push(write)
    this.#seen = this.#after(this.#seen, write)
    return () => {
      // A snapshot may have replaced what was being written to.
      if (this.#writes[0] === write) this.#written()
    }
  }

  writeFacts(facts: DurableFacts): void {
    this.#factsWritten.push(facts)
  }

  factsWritten(): void {
    this.facts = this.#factsWritten.shift()!
  }

  trim(lsn: number): void {
    const end = Math.min(lsn, this.safeLsn)
    if (end <= this.#base.lsn) return
    const base = { lsn: end, epoch: this.safeEntry(end)!.epoch }
    this.#safe = this.#safe.slice(end - this.#base.lsn)
    this.#seen = this.#seen.slice(end - this.#base.lsn)
    this.#base = base
  }

  /** A snapshot replaces everything. */
  install(base: Position): void {
    this.#base = base
    this.#safe = []
    this.#seen = []
    this.#writes = []
    this.appliedLsn = base.lsn
    this.flushedLsn = base.lsn
  }

  /** Power loss: of what was not safe, a part from the front survives. */
  crash(random: Random): void {
    let surviving = random.below(this.#writes.length + 1)
    while (surviving-- > 0) this.#written()
    const torn = this.#writes[0]
    if (torn?.type === 'append') {
      const entries = torn.entries.slice(0, random.below(torn.entries.length))
      this.#safe = this.#after(this.#safe, { type: 'append', entries })
    }
    let facts = random.below(this.#factsWritten.length + 1)
    while (facts-- > 0) this.factsWritten()
    this.#writes = []
    this.#factsWritten = []
    this.#seen = [...this.#safe]
    this.appliedLsn = this.flushedLsn + random.below(this.appliedLsn - this.flushedLsn + 1)
    this.flushedLsn = this.appliedLsn
    this.failing = false
    this.broken = false
  }

  /** What was safe is gone from `lsn` on, with what was applied of it: the disk had lied, or is a copy. */
  lose(lsn: number): void {
    this.#safe = this.#safe.slice(0, lsn - 1 - this.#base.lsn)
    this.#seen = [...this.#safe]
    this.appliedLsn = Math.min(this.appliedLsn, lsn - 1)
    this.flushedLsn = this.appliedLsn
  }

  /** What opening it finds. */
  restore(): RestoredState {
    const ends: Position[] = []
    for (const { lsn, epoch } of this.#safe) {
      if (ends.at(-1)?.epoch === epoch) ends.pop()
      ends.push({ lsn, epoch })
    }
    const journal = { base: this.#base, ends, sizes: this.#safe }
    return { facts: this.facts, journal, appliedLsn: this.appliedLsn }
  }

  /** The oldest write is done. */
  #written(): void {
    this.#safe = this.#after(this.#safe, this.#writes.shift()!)
  }

  #after(entries: JournalEntry[], write: Write): JournalEntry[] {
    if (write.type === 'truncate') return entries.slice(0, Math.max(0, write.lsn - this.#base.lsn))
    entries.push(...write.entries)
    return entries
  }
}
