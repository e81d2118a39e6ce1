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
   * Gives an append a producer and sequences, unless its caller has. Call what comes back when the
   * outcome is certain, or with 'unknown': the producer is then used no more.
   */
  assign(to: { part: StreamedAppend }): ((outcome: GroupOutcome) => void) | undefined {
    const { part } = to
    if (part.producer !== undefined) return undefined
    const producer = this.#take()
    const { id, sequences } = producer
    if (part.also === undefined) {
      // The usual case, without maps and copies.
      const { topic } = part
      const sequence = (sequences.get(topic) ?? 0) + 1
      part.producer = { id, sequence }
      return (outcome) => {
        if (outcome === 'appended') sequences.set(topic, sequence)
        if (outcome !== 'unknown') this.#giveBack(producer)
      }
    }
    const next = new Map<string, number>()
    const numbered = <Part extends StreamedAppend>(one: Part): Part => {
      const sequence = (next.get(one.topic) ?? sequences.get(one.topic) ?? 0) + 1
      next.set(one.topic, sequence)
      return { ...one, producer: { id, sequence } }
    }
    to.part = { ...numbered(part), also: part.also.map(numbered) }
    return (outcome) => {
      if (outcome === 'appended') {
        for (const [topic, sequence] of next) sequences.set(topic, sequence)
      }
      if (outcome !== 'unknown') this.#giveBack(producer)
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
