/**
 * Whether a member's readers see what is committed, or nearly so. Being in sync says only that it has
 * all of it in its journal: what is not applied yet no reader sees.
 *
 * How far behind it is, is measured in time: an entry that is committed now is waited for, and when it
 * is applied, the next one is. A member gets to be caught up when that takes little, and is not any more
 * only when it takes ten times as long, so that who asks often does not get another answer each time.
 */
import type { ReplicaTimes } from './options.js'

export interface Progress {
  readonly nowMs: number
  /** Whether the record has it among those that are in sync. */
  readonly inSync: boolean
  /** What the leader says is committed; undefined while there is none to say so. */
  readonly commitLsn: number | undefined
  readonly appliedLsn: number
}

export class CaughtUp {
  #value = false
  #led = false
  /** The entry that is waited for, committed when it was the last one; the first, on joining. */
  #mark: { readonly lsn: number; readonly sinceMs: number } | undefined

  constructor(private readonly times: ReplicaTimes) {}

  get value(): boolean {
    return this.#value
  }

  /** This member leads, and has applied all that came before it. */
  leads(): void {
    this.#value = true
    this.#led = true
    this.#mark = undefined
  }

  observe({ nowMs, inSync, commitLsn, appliedLsn }: Progress): void {
    // Who led until now may have done so without the others for long, and knows no later record.
    if (this.#led || !inSync) {
      this.#led = false
      this.#value = false
      this.#mark = undefined
      return
    }
    // Without a leader nothing new is committed that could be seen elsewhere.
    if (commitLsn === undefined) return
    this.#mark ??= { lsn: commitLsn, sinceMs: nowMs }
    const tookMs = nowMs - this.#mark.sinceMs
    if (appliedLsn >= this.#mark.lsn) {
      this.#value ||= tookMs <= this.times.behindMsMax / 10
      this.#mark = { lsn: commitLsn, sinceMs: nowMs }
    } else if (tookMs > this.times.behindMsMax) this.#value = false
  }
}
