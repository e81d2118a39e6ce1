/**
 * The producers of a client's appends. Each append under way has one of its own, so that one that
 * is refused does not make the server refuse those behind it.
 */
import type { StreamedAppend } from '@goethe/protocol'

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
   * Gives an append a producer and sequences. Call what comes back when the outcome is certain, or
   * with 'unknown': the producer is then used no more.
   */
  assign(to: { part: StreamedAppend }): (outcome: 'appended' | 'refused' | 'unknown') => void {
    const id = `${this.#name}.${this.#made}`
    const producer = this.#free.pop() ?? { id, sequences: new Map<string, number>() }
    if (producer.id === id) this.#made++
    const next = new Map<string, number>()
    const numbered = <Part extends StreamedAppend>(part: Part): Part => {
      const sequence = (next.get(part.topic) ?? producer.sequences.get(part.topic) ?? 0) + 1
      next.set(part.topic, sequence)
      return { ...part, producer: { id: producer.id, sequence } }
    }
    const part = numbered(to.part)
    if (part.also !== undefined) part.also = part.also.map(numbered)
    to.part = part
    return (outcome) => {
      if (outcome === 'unknown') return
      if (outcome === 'appended') {
        for (const [topic, sequence] of next) producer.sequences.set(topic, sequence)
      }
      if (producer.sequences.size <= topicsMax) this.#free.push(producer)
    }
  }
}
