/**
 * What has to be in memory before works can be planned: the states of the topics and producers that
 * they name, and what they read for themselves.
 */
import type { AppendPart } from './append-part.js'
import { type ProducerStates, producerName } from './producer-states.js'
import type { TopicStates } from './topic-state.js'
import type { Work } from './work.js'

export class WorkPreparation {
  readonly #states: TopicStates
  readonly #producers: ProducerStates

  constructor(states: TopicStates, producers: ProducerStates) {
    this.#states = states
    this.#producers = producers
  }

  /** Keeps what is in memory there until `release`. */
  hold(): void {
    this.#states.pin()
    this.#producers.pin()
  }

  release(): void {
    this.#states.unpin()
    this.#producers.unpin()
  }

  /** True when nothing needs to be read: the case of the hot path. */
  isDone(works: readonly Work[]): boolean {
    for (const work of works) {
      if (work.options?.prepare !== undefined) return false
      for (const { topic, producer } of work.parts) {
        if (this.#states.peek(topic) === undefined) return false
        if (producer === undefined) continue
        if (this.#producers.peek(producerName(topic, producer.id)) === undefined) return false
      }
    }
    return true
  }

  /** Reads what the works need; those for which that fails are rejected and left out. */
  async run(works: readonly Work[]): Promise<Work[]> {
    const prepared = await Promise.all(
      works.map(async (work) => {
        try {
          // Last, for it may change what the next works build on, and nothing may fail after that.
          await Promise.all(work.parts.map((part) => this.#load(part)))
          await work.options?.prepare?.()
          return true
        } catch (error) {
          work.settle()
          work.reject(error)
          return false
        }
      }),
    )
    return works.filter((_, index) => prepared[index])
  }

  async #load({ topic, producer }: AppendPart): Promise<void> {
    await this.#states.load(topic)
    if (producer !== undefined) await this.#producers.load(producerName(topic, producer.id))
  }
}
