/** What goes wrong again and again is told once in a while: who is refused tries again every second. */
import type { Clock } from '@goethe/core'
import type { PeerProblem } from './peer-transport.js'

/** Nanoseconds, as the clock counts. */
const pause = 60_000_000_000n

/** So that a peer that is always wrong in another way cannot fill the memory. */
const problemsMax = 256

export class RepeatedProblems {
  readonly #clock: Clock
  /** When each was last told, the oldest first. */
  readonly #told = new Map<string, bigint>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** False where the same was told within the last minute, of any port of the same host. */
  isNews({ kind, member, address, message }: PeerProblem): boolean {
    const host = address.replace(/:\d+$/, '')
    const key = JSON.stringify([kind, member, host, message])
    const now = this.#clock.now()
    const told = this.#told.get(key)
    if (told !== undefined && now >= told && now - told < pause) return false
    this.#told.delete(key)
    this.#told.set(key, now)
    if (this.#told.size > problemsMax) this.#told.delete(this.#told.keys().next().value!)
    return true
  }
}
