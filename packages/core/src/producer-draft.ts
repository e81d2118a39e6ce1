import type { GoetheError } from './errors.js'
import { producerResultsMax } from './limits.js'
import {
  type ProducerResult,
  type ProducerResults,
  sequenceError,
  sequenceRefusal,
} from './producers.js'
import type { Placed } from './topic-draft.js'

/** A producer's appends within one commit. */
export class ProducerDraft {
  readonly topic: string
  readonly producerId: string
  readonly #stored: ProducerResults
  readonly #taken: { producerSequence: number; placed: Placed }[] = []

  constructor(topic: string, producerId: string, stored: ProducerResults) {
    this.topic = topic
    this.producerId = producerId
    this.#stored = stored
  }

  /**
   * What a sequence means behind those that were taken; `before` is the one that an earlier part of
   * the same request is about to take.
   */
  check(sequence: number, before?: number): 'new' | ProducerResult | Placed | GoetheError {
    const last =
      before ?? this.#taken.at(-1)?.producerSequence ?? this.#stored.last?.producerSequence
    if (last === undefined || sequence === last + 1) return 'new'
    const { topic, producerId } = this
    if (before !== undefined) {
      return sequenceError(
        topic,
        producerId,
        before + 1,
        `the parts of one appendAll take successive sequences, but ${sequence} comes behind ${before}`,
      )
    }
    const taken = this.#taken.find(({ producerSequence }) => producerSequence === sequence)
    const dropped = this.#stored.count + this.#taken.length - producerResultsMax
    return (
      taken?.placed ??
      this.#stored.find(sequence, Math.max(dropped, 0)) ??
      sequenceRefusal(topic, producerId, sequence, last + 1)
    )
  }

  take(producerSequence: number, placed: Placed): void {
    this.#taken.push({ producerSequence, placed })
  }

  /** The record to be written, when there are new results: once the parts are placed. */
  record(): Uint8Array | undefined {
    if (this.#taken.length === 0) return undefined
    return this.#stored.with(
      this.#taken.map(({ producerSequence, placed }) => {
        const { firstId, firstSequence, count } = placed
        return { producerSequence, firstId, firstSequence, count }
      }),
    )
  }
}
