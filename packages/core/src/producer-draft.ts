import type { GoetheError } from './errors.js'
import { producerResultsMax } from './limits.js'
import { type ProducerResult, type ProducerResults, checkSequence } from './producers.js'
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

  check(sequence: number): 'new' | ProducerResult | Placed | GoetheError {
    const last = this.#taken.at(-1)
    if (last === undefined) {
      return checkSequence(this.topic, this.producerId, sequence, this.#stored)
    }
    if (sequence === last.producerSequence + 1) return 'new'
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
