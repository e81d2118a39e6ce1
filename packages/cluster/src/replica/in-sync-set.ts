/**
 * What a leader knows of its in-sync set while changes of the record may be under way (rules 5 and 6).
 *
 * A change whose outcome is unknown may have happened, or may yet happen for as long as the record's
 * token stands still. Until the token moves, the record may be any of several, and commit needs the
 * stores of all of them.
 */
import type { ClusterRecord, MemberStore } from '../record.js'
import type { Rules } from './rules.js'

export class InSyncSet {
  #record: ClusterRecord
  #token: string
  #attempts: readonly ClusterRecord[] = []

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
    return this.#attempts.length > 0
  }

  /** Whose acknowledgement commit needs. */
  get needed(): readonly MemberStore[] {
    return this.rules.needed(this.#record, this.#attempts)
  }

  /** Whether every set that may be the stored one is large enough to commit with. */
  get large(): boolean {
    return [this.#record, ...this.#attempts].every(
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
  }

  /**
   * The token has moved on. Who moved it may be one of the attempts, the latest too where something on
   * the way sent the request twice: a read tells.
   */
  refused(): void {
    this.#attempts = this.rules.afterRefusal(this.#attempts)
  }

  /** The record was read. While its token stands still, the attempts may yet happen. */
  read(record: ClusterRecord, token: string): void {
    if (token === this.#token) return
    this.#record = record
    this.#token = token
    this.#attempts = []
  }
}
