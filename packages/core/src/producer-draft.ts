import type { GoetheError } from './errors.js'
import { producerResultsMax } from './limits.js'
import {
  type ProducerResult,
  type ProducerResults,
  checkSequence,
  sequenceError,
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
    const last = before ?? this.#taken.at(-1)?.producerSequence
    if (last === undefined) {
      return checkSequence(this.topic, this.producerId, sequence, this.#stored)
    }
    if (sequence === last + 1) return 'new'
    if (before !== undefined) {
      return sequenceError(
        this.topic,
        this.producerId,
        before + 1,
        `the parts of one appendAll take successive sequences, but ${sequence} comes behind ${before}`,
      )
    }
    const taken = this.#taken.find(({ producerSequence }) => producerSequence === sequence)
    return taken?.placed ?? checkSequence(this.topic, this.producerId, sequence, this.results()!)
  }

  take(producerSequence: number, placed: Placed): void {
    this.#taken.push({ producerSequence, placed })
  }

  /** All results, when there are new ones. Their ids are known once the parts are placed. */
  results(): ProducerResults | undefined {
    if (this.#taken.length === 0) return undefined
    const taken = this.#taken.map(({ producerSequence, placed }) => {
      const { firstId, firstSequence, count } = placed
      return { producerSequence, firstId, firstSequence, count }
    })
    return [...this.#stored, ...taken].slice(-producerResultsMax)
  }
}
