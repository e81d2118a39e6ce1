/**
 * A small event log, as the leader keeps it: it gives out ids and sequences and knows producers. It
 * is loaded from what is applied when the lead begins, as the real one is (rules 8 and 14).
 */
import type { Ledger } from './ledger.js'
import type { Payload } from './payload.js'

export interface AppendRequest {
  readonly attempt: number
  readonly producer: number
  readonly producerSequence: number
  readonly topic: number
}

export class LogModel {
  #lastId = 0
  readonly #topics = new Map<number, number>()
  readonly #producers = new Map<number, Payload>()

  /** Loads what is applied here. */
  constructor(ledger: Ledger, appliedLsn: number) {
    for (let lsn = 1; lsn <= appliedLsn; lsn++) {
      const payload = ledger.entry(lsn).payload as Payload | undefined
      if (payload !== undefined) this.add(payload)
    }
  }

  /** The earlier append that this one repeats. */
  repeated({ producer, producerSequence }: AppendRequest): Payload | undefined {
    const last = this.#producers.get(producer)
    return last?.producerSequence === producerSequence ? last : undefined
  }

  /** What is to be replicated for an append; `clock` may be anything. */
  draft({ attempt, producer, producerSequence, topic }: AppendRequest, clock: number): Payload {
    return {
      attempt,
      producer,
      producerSequence,
      topic,
      id: Math.max(clock, this.#lastId + 1),
      topicSequence: (this.#topics.get(topic) ?? 0) + 1,
    }
  }

  add(payload: Payload): void {
    this.#lastId = payload.id
    this.#topics.set(payload.topic, payload.topicSequence)
    this.#producers.set(payload.producer, payload)
  }
}
