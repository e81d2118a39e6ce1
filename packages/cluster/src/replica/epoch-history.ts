/**
 * Which epochs a journal holds, and where each of them ends (rule 9).
 *
 * Entries of one epoch were all made by one leader, so two journals agree on an epoch up to the
 * shorter one's end of it. That is all that is needed to find where a follower left the leader.
 */
import { assert } from '@goethe/core'
import type { Position } from './position.js'

export class EpochHistory {
  // The last lsn of each epoch, ascending in both; the first stands for all before the journal.
  #ends: Position[]

  /** `base` is the last entry before the journal; `ends` the last entry of each epoch in it. */
  constructor(base: Position, ends: readonly Position[] = []) {
    this.#ends = [base, ...ends]
  }

  /** The last entry before the journal: what was trimmed, or came as a snapshot. */
  get base(): Position {
    return this.#ends[0]!
  }

  get last(): Position {
    return this.#ends.at(-1)!
  }

  /** Takes note of an entry at the end. */
  append({ lsn, epoch }: Position): void {
    const last = this.last
    assert(lsn === last.lsn + 1, `entries are dense: ${lsn} came after ${last.lsn}`)
    assert(epoch >= last.epoch, `epochs never go down: ${epoch} came after ${last.epoch}`)
    if (epoch === last.epoch && this.#ends.length > 1) this.#ends.pop()
    this.#ends.push({ lsn, epoch })
  }

  /** Forgets all entries beyond `lsn`. */
  truncate(lsn: number): void {
    assert(lsn >= this.base.lsn, `a journal from ${this.base.lsn} on cannot be cut at ${lsn}`)
    if (lsn >= this.last.lsn) return
    while (this.#ends.length > 1 && this.#ends.at(-2)!.lsn >= lsn) this.#ends.pop()
    if (this.#ends.length > 1) this.#ends.push({ lsn, epoch: this.#ends.pop()!.epoch })
  }

  /** Makes `lsn` the last entry before the journal. */
  trim(lsn: number): void {
    if (lsn <= this.base.lsn) return
    const base = { lsn, epoch: this.epochAt(lsn) }
    this.#ends = [base, ...this.#ends.filter((end) => end.lsn > lsn)]
  }

  /** The epoch of an entry, or of the base. */
  epochAt(lsn: number): number {
    assert(
      lsn >= this.base.lsn && lsn <= this.last.lsn,
      `entry ${lsn} is not between ${this.base.lsn} and ${this.last.lsn}`,
    )
    return this.#ends.find((end) => end.lsn >= lsn)!.epoch
  }

  /**
   * The last entry whose epoch is not above `epoch`, or undefined where all of that was trimmed. For
   * a leader this is the answer to a follower whose journal ends in `epoch`; for a follower that got
   * such an answer, what is left after it dropped every entry of a later epoch.
   */
  endOf(epoch: number): Position | undefined {
    return this.#ends.findLast((end) => end.epoch <= epoch)
  }

  /** The last entry of each epoch in the journal, ascending. */
  get ends(): readonly Position[] {
    return this.#ends.slice(1)
  }
}
