/**
 * Appends that are taken from the queue and not answered yet, in order; also those that were given
 * up, as they are still answered. What went through a stream that broke goes through the next one
 * before all else.
 */
import type { GoetheError } from '@goethe/core'
import type { AppendOutcome } from '@goethe/protocol'
import type { Group } from './append-group.js'
import { isUndone } from './failures.js'
import { Fifo } from './fifo.js'

export class AppendsUnderWay {
  readonly #groups = new Fifo<Group>()
  /** How many of these went through the present stream. */
  #sent = 0
  #bytes = 0

  get length(): number {
    return this.#groups.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The one that is answered next. */
  get first(): Group | undefined {
    return this.#groups.at(0)
  }

  [Symbol.iterator](): IterableIterator<Group> {
    return this.#groups[Symbol.iterator]()
  }

  /** A new one, which is sent now. */
  add(group: Group): void {
    this.#groups.push(group)
    this.#sent++
    this.#bytes += group.bytes
  }

  /**
   * The next one that did not go through the present stream, which is sent now. Those that nobody waits
   * for any more are not: whoever was told that nothing was done must be right for good.
   */
  repeat(drop: (group: Group) => void): Group | undefined {
    for (;;) {
      const group = this.#groups.at(this.#sent)
      if (group === undefined || group.waiting > 0) {
        if (group !== undefined) this.#sent++
        return group
      }
      this.#groups.filter((other) => other !== group)
      this.#bytes -= group.bytes
      drop(group)
    }
  }

  /** The stream is gone, and with it the answers to all that went through it. */
  streamLost(): void {
    this.#sent = 0
  }

  /** The first one was answered. */
  shift(): void {
    const group = this.#groups.shift()!
    this.#bytes -= group.bytes
    if (this.#sent > 0) this.#sent--
  }

  /** The answers to the first ones, none of which is done with. */
  refused(outcomes: readonly AppendOutcome[]): void {
    for (const [index, outcome] of outcomes.entries()) {
      if ('code' in outcome && isUndone(outcome)) this.#groups.at(index)?.refused(outcome)
    }
  }

  /** Takes out those whose answers nobody waits for, while there is no stream to bring them. */
  dropForsaken(drop: (group: Group) => void): void {
    this.#groups.filter((group) => {
      if (group.waiting > 0) return true
      this.#bytes -= group.bytes
      drop(group)
      return false
    })
    this.#sent = 0
  }

  /** Rejects and forgets all. */
  fail(error: GoetheError): void {
    this.reject(error)
    this.#groups.filter(() => false)
    this.#sent = 0
    this.#bytes = 0
  }

  /** Those who wait are told; what was sent is still answered. */
  reject(error: GoetheError): void {
    for (const group of this.#groups) group.reject(error)
  }

  /** Of those that somebody waits for, the deadline that comes first. */
  get deadline(): number {
    let first = Infinity
    for (const { deadline, waiting } of this.#groups) {
      if (waiting > 0 && deadline < first) first = deadline
    }
    return first
  }
}
