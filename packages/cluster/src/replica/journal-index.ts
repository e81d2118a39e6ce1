/** What the state machine knows of the journal on disk: which entries there are, which are safe. */
import { EpochHistory } from './epoch-history.js'
import { JournalSizes, type SizeMark } from './journal-sizes.js'
import type { Position } from './position.js'

/** What a journal on disk holds, as found when it was opened. */
export interface JournalContents {
  /** The last entry before the journal. */
  readonly base: Position
  /** The last entry of each epoch, ascending. */
  readonly ends: readonly Position[]
  /** How large its entries are, ascending. */
  readonly sizes: readonly SizeMark[]
}

/**
 * Writes are numbered by tickets and done in their order, so that one that is done late says nothing
 * about entries that replaced what it wrote.
 */
export class JournalIndex {
  /** How large the payloads are. */
  readonly sizes: JournalSizes
  #history: EpochHistory
  #durableLsn: number
  #ticket = 0
  // Oldest first; `lsn` is what is safe on disk once this write is done.
  #writes: { ticket: number; lsn: number }[] = []

  constructor(contents: JournalContents, sizeStepBytes: number) {
    this.sizes = new JournalSizes(sizeStepBytes, contents.sizes)
    this.#history = new EpochHistory(contents.base, contents.ends)
    this.#durableLsn = this.#history.last.lsn
  }

  get history(): EpochHistory {
    return this.#history
  }

  get last(): Position {
    return this.#history.last
  }

  /** The epoch of an entry; undefined where the journal does not reach it. */
  epochOf(lsn: number): number | undefined {
    const isWithin = lsn >= this.#history.base.lsn && lsn <= this.last.lsn
    return isWithin ? this.#history.epochAt(lsn) : undefined
  }

  /** Everything up to here was fsynced. */
  get durableLsn(): number {
    return this.#durableLsn
  }

  /** Writes that are not done yet. */
  get writesUnderWay(): number {
    return this.#writes.length
  }

  /** Appends entries of one epoch or several; the ticket names the write. */
  append(entries: readonly (Position & { readonly bytes: number })[]): number {
    for (const entry of entries) {
      this.#history.append(entry)
      this.sizes.append(entry.lsn, entry.bytes)
    }
    return this.#write(this.last.lsn)
  }

  /** Drops what is beyond `lsn`; the ticket names the write. */
  truncate(lsn: number): number {
    this.#history.truncate(lsn)
    this.sizes.truncate(lsn)
    this.#durableLsn = Math.min(this.#durableLsn, lsn)
    for (const write of this.#writes) write.lsn = Math.min(write.lsn, lsn)
    return this.#write(lsn)
  }

  trim(lsn: number): void {
    this.#history.trim(lsn)
    this.sizes.trim(lsn)
  }

  /** Starts over behind a snapshot; what was being written is gone. */
  restart(base: Position): void {
    this.#history = new EpochHistory(base)
    this.sizes.restart()
    this.#durableLsn = base.lsn
    this.#writes = []
  }

  /** The write of this ticket and all before it are on disk. */
  written(ticket: number): void {
    while (this.#writes.length > 0 && this.#writes[0]!.ticket <= ticket) {
      this.#durableLsn = this.#writes.shift()!.lsn
    }
  }

  #write(lsn: number): number {
    this.#ticket += 1
    this.#writes.push({ ticket: this.#ticket, lsn })
    return this.#ticket
  }
}
