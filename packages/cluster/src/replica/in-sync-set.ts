/**
 * What a leader knows of its in-sync set while changes of the record may be under way (rules 5 and 6).
 *
 * A change whose outcome is unknown may have happened, or may yet happen for as long as the record's
 * token stands still. Until the token moves, the record may be any of several, and commit needs the
 * stores of all of them.
 *
 * Within its epoch nobody else changes the record. One that is none of those that the leader may have
 * written is an older one that somebody has put back. It may name a store that was dropped since and
 * lacks what is committed, so it is not adopted: what the leader knows is written again, and until that
 * is done commit needs the stores of both.
 */
import type { ClusterRecord, MemberStore } from '../record.js'
import { type Rules, unionOf } from './rules.js'

export class InSyncSet {
  #record: ClusterRecord
  #token: string
  #attempts: readonly ClusterRecord[] = []
  /** What is stored although this leader has not written it. */
  #foreign: ClusterRecord | undefined

  constructor(
    record: ClusterRecord,
    token: string,
    private readonly rules: Rules,
  ) {
    this.#record = record
    this.#token = token
  }

  /** The record as it was last known. */
  get record(): ClusterRecord {
    return this.#record
  }

  get token(): string {
    return this.#token
  }

  /** Whether the record may be another one than the one last known. */
  get uncertain(): boolean {
    return this.#attempts.length > 0 || this.displaced
  }

  /** Whether another record has taken the place of the one that is known, which has to be written again. */
  get displaced(): boolean {
    return this.#foreign !== undefined
  }

  /** Whose acknowledgement commit needs. */
  get needed(): readonly MemberStore[] {
    const needed = this.rules.needed(this.#record, this.#attempts)
    return this.#foreign === undefined ? needed : unionOf([{ inSync: needed }, this.#foreign])
  }

  /** Whether every set that may be the stored one is large enough to commit with. */
  get large(): boolean {
    const foreign = this.#foreign === undefined ? [] : [this.#foreign]
    return [this.#record, ...this.#attempts, ...foreign].every(
      (record) => record.inSync.length >= this.rules.fewest(record),
    )
  }

  has(storeId: string): boolean {
    return this.#record.inSync.some((store) => store.storeId === storeId)
  }

  /** A change is about to be asked for, by the token last known. */
  attempt(record: ClusterRecord): void {
    this.#attempts = [...this.#attempts, record]
  }

  /** The latest attempt succeeded; the earlier ones named an older token, so they failed. */
  changed(token: string): void {
    this.#record = this.#attempts.at(-1)!
    this.#token = token
    this.#attempts = []
    this.#foreign = undefined
  }

  /**
   * The token has moved on. Who moved it may be one of the attempts, the latest too where something on
   * the way sent the request twice: a read tells.
   */
  refused(): void {
    this.#attempts = this.rules.afterRefusal(this.#attempts)
  }

  /**
   * The record was read, and names this leader. While its token stands still, the attempts may yet happen.
   */
  read(record: ClusterRecord, token: string): void {
    if (token === this.#token) return
    this.#token = token
    if (!this.rules.isWritten(record, [this.#record, ...this.#attempts])) {
      this.#foreign = record
      return
    }
    this.#record = record
    this.#attempts = []
    this.#foreign = undefined
  }
}
