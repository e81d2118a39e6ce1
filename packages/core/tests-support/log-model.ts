/** What an event log should hold, as plain arrays: the dumb version of it. */
import type { Expectation, Position, Receipt, TopicSelector } from '../src/index.js'

export interface ModelEvent {
  id: bigint
  sequence: number
  topic: string
  payload: Uint8Array
}

export interface ModelCursor {
  sequence: number
  /** 0n before the first commit. */
  id: bigint
  hold: boolean
}

export interface ModelResult {
  producerSequence: number
  firstSequence: number
  count: number
}

export class ModelTopic {
  /** All since its first event; what is trimmed stays here. */
  readonly events: ModelEvent[] = []
  /** Sequences up to this one are gone. */
  trimmed = 0
  retained: number | undefined
  readonly producers = new Map<string, ModelResult[]>()
  readonly cursors = new Map<string, ModelCursor>()

  get live(): ModelEvent[] {
    return this.events.slice(this.trimmed)
  }

  get lastSequence(): number {
    return this.events.length
  }
}

export interface ModelPart {
  topic: string
  payloads: Uint8Array[]
  expect?: Expectation
  producer?: { id: string; sequence: number }
  time?: bigint
}

/** How a request must end: with receipts whose ids are not known yet, or with an error. */
export type ModelOutcome = 'GOETHE_CONFLICT' | 'GOETHE_PRODUCER_SEQUENCE' | ModelPlaced[]

export interface ModelPlaced {
  topic: string
  firstSequence: number
  count: number
  repeated: boolean
}

const resultsRemembered = 64

export class LogModel {
  readonly topics = new Map<string, ModelTopic>()
  lastId = 0n

  topic(name: string): ModelTopic {
    return this.topics.get(name) ?? new ModelTopic()
  }

  /** Decides on a request as if it came alone; `knownIds` are the last ids before the burst. */
  accept(parts: readonly ModelPart[], knownIds: ReadonlyMap<string, bigint>): ModelOutcome {
    const repeats: (ModelPlaced | undefined)[] = []
    for (const { topic, producer } of parts) {
      if (producer === undefined) continue
      const results = this.topic(topic).producers.get(producer.id) ?? []
      const last = results.at(-1)
      const known = results.find(({ producerSequence }) => producerSequence === producer.sequence)
      if (known === undefined && last && last.producerSequence + 1 !== producer.sequence) {
        return 'GOETHE_PRODUCER_SEQUENCE'
      }
      repeats.push(known && { topic, ...known, repeated: true })
    }
    const repeated = repeats.filter((placed) => placed !== undefined)
    if (repeated.length > 0) {
      if (repeated.length < parts.length) return 'GOETHE_PRODUCER_SEQUENCE'
      return repeated.map(({ topic, firstSequence, count }) => {
        return { topic, firstSequence, count, repeated: true }
      })
    }
    for (const { topic, expect } of parts) {
      const { lastSequence } = this.topic(topic)
      if (expect === undefined) continue
      if (expect === 'empty' ? lastSequence > 0 : false) return 'GOETHE_CONFLICT'
      if (typeof expect === 'number' && expect !== lastSequence) return 'GOETHE_CONFLICT'
      if (typeof expect === 'bigint') {
        const last = this.topic(topic).events.at(-1)
        const known = knownIds.get(topic)
        if (expect === 0n || known !== expect || last?.id !== expect) return 'GOETHE_CONFLICT'
      }
    }
    return parts.map((part) => this.#place(part))
  }

  #place({ topic, payloads, producer }: ModelPart): ModelPlaced {
    let state = this.topics.get(topic)
    if (state === undefined) this.topics.set(topic, (state = new ModelTopic()))
    const firstSequence = state.lastSequence + 1
    for (const payload of payloads) {
      // Ids come with the receipt.
      state.events.push({ id: -1n, sequence: state.lastSequence + 1, topic, payload })
    }
    const placed = { firstSequence, count: payloads.length }
    if (producer !== undefined) {
      const results = state.producers.get(producer.id) ?? []
      results.push({ producerSequence: producer.sequence, ...placed })
      state.producers.set(producer.id, results.slice(-resultsRemembered))
    }
    return { topic, ...placed, repeated: false }
  }

  /** Notes the ids of what was placed. */
  learn(receipt: Receipt): void {
    const { topic, firstSequence, firstId, count } = receipt
    const { events } = this.topics.get(topic)!
    for (let index = 0; index < count; index++) {
      events[firstSequence - 1 + index]!.id = firstId + BigInt(index)
    }
    if (receipt.lastId > this.lastId) this.lastId = receipt.lastId
  }

  /** Removes events up to and including a sequence, as far as holding cursors let it. */
  trim(topic: string, through: number): { count: number; throughSequence: number } {
    const state = this.topic(topic)
    const before = state.trimmed
    const holds = [...state.cursors.values()].filter(({ hold }) => hold)
    const allowed = Math.min(through, state.lastSequence, ...holds.map(({ sequence }) => sequence))
    state.trimmed = Math.max(state.trimmed, allowed)
    return { count: state.trimmed - before, throughSequence: state.trimmed }
  }

  /** All that is there of these topics, in the order of the log. */
  events(selector: TopicSelector): ModelEvent[] {
    const all = [...this.topics].flatMap(([name, topic]) => {
      return names(selector, name) ? topic.live : []
    })
    return all.sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** What a read must give. */
  read(
    selector: TopicSelector,
    options: {
      from?: Position | undefined
      to?: bigint | undefined
      reverse?: boolean
      limit?: number | undefined
    },
  ): ModelEvent[] {
    const { from, to, reverse = false, limit = Infinity } = options
    const events = this.events(selector)
    const chosen = reverse
      ? events
          .filter((event) => this.#atOrBefore(selector, event, from ?? 'end'))
          .filter(({ id }) => to === undefined || id > to)
          .reverse()
      : events
          .filter((event) => this.#atOrAfter(selector, event, from ?? 'start'))
          .filter(({ id }) => to === undefined || id < to)
    return chosen.slice(0, limit)
  }

  #atOrAfter(selector: TopicSelector, event: ModelEvent, position: Position): boolean {
    if (position === 'start') return true
    if (position === 'end') return false
    if (typeof position === 'bigint') return event.id >= position
    if (typeof position === 'number') return event.sequence >= position
    if (position instanceof Date) return event.id >= BigInt(position.getTime()) * 1_000_000n
    if ('after' in position) return event.id > position.after
    const cursor = this.topic(selector as string).cursors.get(position.cursor)
    return event.sequence > (cursor?.sequence ?? 0)
  }

  #atOrBefore(_: TopicSelector, event: ModelEvent, position: Position): boolean {
    if (position === 'start') return event.id <= 0n
    if (position === 'end') return true
    if (typeof position === 'bigint') return event.id <= position
    if (typeof position === 'number') return event.sequence <= position
    if (position instanceof Date) return event.id <= BigInt(position.getTime()) * 1_000_000n
    throw new Error('there is no such read in reverse')
  }
}

/** True when a selector names the topic. */
export function names(selector: TopicSelector, topic: string): boolean {
  if (selector === '*') return true
  return typeof selector === 'string' ? selector === topic : topic.startsWith(selector.prefix)
}
