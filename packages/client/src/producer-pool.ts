/**
 * Producers for appends to several topics at a time: each call under way has one of its own, so
 * that one that is refused does not make the server refuse another.
 */
import type { AppendPart } from '@goethe/core/contract'

/** A producer that one call at a time uses. */
interface PooledProducer {
  id: string
  /** The last sequence in each topic. */
  sequences: Map<string, number>
}

/** Topics that a producer remembers; beyond that it is left behind for a new one. */
const topicsMax = 10_000

export class ProducerPool {
  readonly #name: string
  readonly #free: PooledProducer[] = []
  #made = 0

  constructor(name: string) {
    this.#name = name
  }

  /** Gives each part a sequence. `done` says whether they were taken, when that is known. */
  assign(parts: readonly AppendPart[]): {
    parts: AppendPart[]
    done(outcome: 'appended' | 'refused' | 'unknown'): void
  } {
    const producer = this.#free.pop() ?? {
      id: `${this.#name}.${this.#made++}`,
      sequences: new Map(),
    }
    const next = new Map<string, number>()
    const assigned = parts.map((part) => {
      const before = next.get(part.topic) ?? producer.sequences.get(part.topic) ?? 0
      next.set(part.topic, before + 1)
      return { ...part, producer: { id: producer.id, sequence: before + 1 } }
    })
    return {
      parts: assigned,
      done: (outcome) => {
        if (outcome === 'unknown') return
        if (outcome === 'appended') {
          for (const [topic, sequence] of next) producer.sequences.set(topic, sequence)
        }
        if (producer.sequences.size <= topicsMax) this.#free.push(producer)
      },
    }
  }
}
