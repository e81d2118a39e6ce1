/**
 * A small event log, as the leader keeps it: it gives out ids and sequences, and knows producers and
 * cursors. It is loaded from what is applied when the lead begins, as the real one is (rules 8 and 14).
 */
import type { Ledger } from './ledger.js'
import type { AppendPayload, CursorPayload, Payload, WriteRequest } from './payload.js'

export class LogModel {
  #lastId = 0
  readonly #topics = new Map<number, number>()
  readonly #producers = new Map<number, AppendPayload>()
  readonly #cursors = new Map<number, CursorPayload>()

  /** Loads what is applied here. */
  constructor(ledger: Ledger, appliedLsn: number) {
    for (let lsn = 1; lsn <= appliedLsn; lsn++) {
      const payload = ledger.entry(lsn).payload as Payload | undefined
      if (payload !== undefined) this.add(payload)
    }
  }

  /** The earlier write that this one repeats, or that went beyond it. */
  repeated(request: WriteRequest): Payload | undefined {
    if (request.type === 'cursor') {
      const cursor = this.#cursors.get(request.consumer)
      return cursor !== undefined && cursor.topicSequence >= request.topicSequence
        ? cursor
        : undefined
    }
    const last = this.#producers.get(request.producer)
    return last?.producerSequence === request.producerSequence ? last : undefined
  }

  /** What is to be replicated for a write; `clock` may be anything. */
  draft(request: WriteRequest, clock: number): Payload {
    if (request.type === 'cursor') return { ...request }
    return {
      ...request,
      id: Math.max(clock, this.#lastId + 1),
      topicSequence: (this.#topics.get(request.topic) ?? 0) + 1,
    }
  }

  add(payload: Payload): void {
    if (payload.type === 'cursor') {
      this.#cursors.set(payload.consumer, payload)
      return
    }
    this.#lastId = payload.id
    this.#topics.set(payload.topic, payload.topicSequence)
    this.#producers.set(payload.producer, payload)
  }
}
