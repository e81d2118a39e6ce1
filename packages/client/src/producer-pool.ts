/**
 * The producers of a client's appends. Each append under way has one of its own, so that one that
 * is refused does not make the server refuse those behind it.
 */
import type { StreamedAppend } from '@goethe/protocol'
import type { GroupOutcome } from './append-group.js'

/** A producer that one append at a time uses. */
interface PooledProducer {
  id: string
  /** The last sequence in each topic. */
  sequences: Map<string, number>
}

/** Topics that a producer remembers; beyond that it is left behind for a new one. */
const topicsMax = 1000

export class ProducerPool {
  readonly #name: string
  readonly #free: PooledProducer[] = []
  #made = 0

  /** `name` begins the names of the producers. */
  constructor(name: string) {
    this.#name = name
  }

  /**
   * Gives an append a producer and sequences, as far as its caller has not named some. Call what
   * comes back when the outcome is certain, or with 'unknown': the producer is then used no more.
   */
  assign(to: { part: StreamedAppend }): ((outcome: GroupOutcome) => void) | undefined {
    const { part } = to
    const { also } = part
    if (also === undefined) {
      if (part.producer !== undefined) return undefined
      // The usual case: one topic.
      const producer = this.#take()
      const sequence = (producer.sequences.get(part.topic) ?? 0) + 1
      part.producer = { id: producer.id, sequence }
      return (outcome) => {
        if (outcome === 'unknown') return
        if (outcome === 'appended') producer.sequences.set(part.topic, sequence)
        this.#giveBack(producer)
      }
    }
    if (part.producer !== undefined && also.every((other) => other.producer !== undefined)) {
      return undefined
    }
    const producer = this.#take()
    const next = new Map<string, number>()
    const numbered = <Part extends StreamedAppend>(one: Part): Part => {
      if (one.producer !== undefined) return one
      const sequence = (next.get(one.topic) ?? producer.sequences.get(one.topic) ?? 0) + 1
      next.set(one.topic, sequence)
      return { ...one, producer: { id: producer.id, sequence } }
    }
    to.part = { ...numbered(part), also: also.map(numbered) }
    return (outcome) => {
      if (outcome === 'unknown') return
      if (outcome === 'appended') {
        for (const [topic, sequence] of next) producer.sequences.set(topic, sequence)
      }
      this.#giveBack(producer)
    }
  }

  #take(): PooledProducer {
    return (
      this.#free.pop() ?? {
        id: `${this.#name}.${this.#made++}`,
        sequences: new Map<string, number>(),
      }
    )
  }

  #giveBack(producer: PooledProducer): void {
    if (producer.sequences.size <= topicsMax) this.#free.push(producer)
  }
}
