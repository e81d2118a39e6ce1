/**
 * One request to the coordinator at a time, so that no answer can overtake another: what was asked
 * later is never older.
 */
import type { ClusterRecord } from '../record.js'
import type { Effect } from './effect.js'
import type { Input } from './input.js'

/** On whose behalf a request was made; its answer means nothing to anybody else. */
export interface Asker {
  /** The fence when it was asked. */
  readonly seenEpoch: number
  readonly role: 'leader' | 'follower'
}

type Answer = Extract<Input, { type: 'record-read' | 'record-changed' }>

export class CoordinatorAccess {
  #ticket = 0
  #asker: Asker | undefined

  constructor(private readonly emit: (effect: Effect) => void) {}

  get busy(): boolean {
    return this.#asker !== undefined
  }

  read(asker: Asker): void {
    this.#begin(asker)
    this.emit({ type: 'read-record', ticket: this.#ticket })
  }

  change(asker: Asker, token: string | undefined, record: ClusterRecord): void {
    this.#begin(asker)
    this.emit({ type: 'change-record', ticket: this.#ticket, token, record })
  }

  /** Who asked for this answer, or undefined when nobody waits for it. */
  answered(answer: Answer): Asker | undefined {
    if (answer.ticket !== this.#ticket) return undefined
    const asker = this.#asker
    this.#asker = undefined
    return asker
  }

  #begin(asker: Asker): void {
    this.#ticket += 1
    this.#asker = asker
  }
}
