import { GoetheError, assert } from '@goethe/core'
import type { Refusal } from '../replica/effect.js'

/** A write, and whom to tell how it ended. */
export interface PendingWrite {
  readonly operations: Uint8Array
  resolve(): void
  reject(error: GoetheError): void
}

/** Writes that were proposed here and are not answered: by their number, and by their place. */
export class PendingWrites {
  readonly #writes = new Map<number, PendingWrite>()
  /** By the bytes themselves: the replica passes them through. */
  readonly #unplaced = new Set<unknown>()
  readonly #lsns = new Set<number>()
  #last = 0

  /** Begins a write; its number is what `accept` and `reject` name. */
  add(write: PendingWrite): number {
    this.#last += 1
    this.#writes.set(this.#last, write)
    this.#unplaced.add(write.operations)
    return this.#last
  }

  /** An entry with these bytes goes into the journal. */
  place(operations: unknown, lsn: number): void {
    if (this.#unplaced.delete(operations)) this.#lsns.add(lsn)
  }

  /** Whether somebody here waits for this entry. */
  owns(lsn: number): boolean {
    return this.#lsns.has(lsn)
  }

  accept(number: number, lsn: number): void {
    this.#lsns.delete(lsn)
    this.#take(number).resolve()
  }

  reject(number: number, error: GoetheError): void {
    const write = this.#take(number)
    this.#unplaced.delete(write.operations)
    write.reject(error)
  }

  /** Rejects all: nobody will say how they ended. */
  end(error: () => GoetheError): void {
    for (const number of [...this.#writes.keys()]) this.reject(number, error())
    this.disown()
  }

  /** The lead is lost: what was placed is like anybody's entries from now on. */
  disown(): void {
    this.#lsns.clear()
  }

  #take(number: number): PendingWrite {
    const write = this.#writes.get(number)
    assert(write !== undefined, 'a proposal is answered once')
    this.#writes.delete(number)
    return write
  }
}

/** What a refusal of the replica is to those who asked for `what`. */
export function refusalError(
  refusal: Refusal,
  what: 'writes' | 'linearizable reads' = 'writes',
): GoetheError {
  switch (refusal.code) {
    case 'NOT_LEADER': {
      const { leader } = refusal
      const where = leader === undefined ? 'no leader is known yet' : `the leader is ${leader}`
      return new GoetheError('GOETHE_NOT_LEADER', `This member takes no ${what}: ${where}`, {
        details: leader === undefined ? {} : { leader },
      })
    }
    case 'UNAVAILABLE':
      return new GoetheError(
        'GOETHE_UNAVAILABLE',
        `The cluster takes no ${what}: ${refusal.reason}`,
      )
    case 'OUTCOME_UNKNOWN':
      return new GoetheError(
        'GOETHE_OUTCOME_UNKNOWN',
        'This member lost the lead while this was under way: whether it was done is unknown',
      )
  }
}
