import { GoetheError } from '@goethe/core'
import type { Refusal } from '../replica/effect.js'
import { copyOf } from './pending-answers.js'
import { type PendingWrite, PendingWrites, refusalError } from './pending-writes.js'

export interface WriteIntakeOptions {
  /** Largest write that can be sent to others. */
  readonly writeBytesMax: number
  /** Gives a write to the state machine. */
  propose(proposal: number, operations: Uint8Array): void
}

/** Writes of the log above: whether and when they are proposed, and how they ended. */
export class WriteIntake {
  /** Those that were proposed. */
  readonly pending = new PendingWrites()
  /** How many were not done, or may not have been, by the reason. */
  readonly rejected = { NOT_LEADER: 0, UNAVAILABLE: 0, OUTCOME_UNKNOWN: 0 }
  readonly #options: WriteIntakeOptions
  /** Writes that wait for others to be done, while there are too many. */
  #held: PendingWrite[] | undefined
  #ended: GoetheError | undefined

  constructor(options: WriteIntakeOptions) {
    this.#options = options
  }

  /** Resolves once it is applied here. Rejects as `refusalError` says, or with the reason of `end`. */
  add(operations: Uint8Array): Promise<void> {
    const { writeBytesMax } = this.#options
    if (operations.length > writeBytesMax) {
      // In the journal it would keep all others from ever getting what follows it.
      return Promise.reject(tooLarge(operations.length, writeBytesMax))
    }
    return new Promise((resolve, reject) => {
      const write = { operations, resolve, reject }
      if (this.#ended !== undefined) reject(copyOf(this.#ended))
      else if (this.#held === undefined) this.#begin(write)
      else this.#held.push(write)
    })
  }

  /** Whether so many are under way that others have to wait. */
  press(high: boolean): void {
    const held = this.#held ?? []
    this.#held = high ? held : undefined
    if (!high) for (const write of held) this.#begin(write)
  }

  reject(proposal: number, refusal: Refusal): void {
    this.rejected[refusal.code]++
    this.pending.reject(proposal, refusalError(refusal))
  }

  /** Of what was proposed nobody knows any more how it ends; what was not is rejected with the reason. */
  end(reason: GoetheError): void {
    this.#ended = reason
    this.pending.end(() => refusalError({ code: 'OUTCOME_UNKNOWN' }))
    for (const { reject } of this.#held ?? []) reject(copyOf(reason))
  }

  #begin(write: PendingWrite): void {
    this.#options.propose(this.pending.add(write), write.operations)
  }
}

function tooLarge(bytes: number, bytesMax: number): GoetheError {
  return new GoetheError(
    'GOETHE_EVENT_TOO_LARGE',
    `A write of ${bytes} bytes does not fit into a message between members, which takes ${bytesMax}: ` +
      'write less at once, or allow larger messages (messageBytesMax) on all members',
  )
}
