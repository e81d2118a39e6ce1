/**
 * Appends a long stream of events in batches. Neighbours of one topic become one append.
 *
 * A log keeps the order of appends to one topic, so a few batches are under way at a time. Across
 * topics it only promises that what was acknowledged comes first: events with times of their own
 * would get later ids if others overtook them, so their batches follow each other. They are atomic,
 * as are those that expect something of a topic.
 */
import type { AppendEntry, EventLogApi, Expectation, Receipt } from '@goethe/core'
import type { NewEvent } from './line-events.js'

/** One batch holds at most so many events, and bytes unless a single event is larger. */
const batchEventsMax = 1000
const batchBytesMax = 1024 * 1024
/** Batches under way where they may be; more would only cost memory. */
const batchesInFlightMax = 8
/** An event whose id is so much later than its time did not get its time. */
const lateNs = 1_000_000_000n

/** What was appended. */
export interface Appended {
  count: number
  bytes: number
  topics: Set<string>
  first: Receipt | undefined
  last: Receipt | undefined
  /** Events whose time was taken already, so that they come later than they say. */
  late: number
}

type Entry = AppendEntry & { payloads: Uint8Array[] }

export class BatchAppender {
  readonly appended: Appended = {
    count: 0,
    bytes: 0,
    topics: new Set(),
    first: undefined,
    last: undefined,
    late: 0,
  }
  readonly #log: EventLogApi
  readonly #onProgress: (appended: Appended) => void
  readonly #inFlight = new Set<Promise<void>>()
  #failure: { error: unknown } | undefined
  #entries: Entry[] = []
  /** Topics of the entries that expect something. */
  readonly #expecting = new Set<string>()
  #events = 0
  #bytes = 0
  /** What the next batch expects, once the first expects something. */
  #chain: Expectation | undefined

  constructor(
    log: EventLogApi,
    options: {
      /** The first event is appended only if this holds, each other only right behind it. */
      expect?: Expectation | undefined
      onProgress?: (appended: Appended) => void
    } = {},
  ) {
    this.#log = log
    this.#chain = options.expect
    this.#onProgress = options.onProgress ?? (() => undefined)
  }

  /**
   * Waits while too much is under way. Rejects once an append was refused. Where `expect` is given,
   * it follows from one event of a topic to the next.
   */
  async add({ topic, payload, time }: NewEvent, expect?: Expectation): Promise<void> {
    const last = this.#entries.at(-1)
    const joins = last?.topic === topic && time === undefined && last.time === undefined
    if (joins) last.payloads.push(payload)
    else
      this.#entries.push({ topic, payloads: [payload], time, expect: this.#firstOf(topic, expect) })
    this.#events++
    this.#bytes += payload.length
    if (this.#events >= batchEventsMax || this.#bytes >= batchBytesMax) await this.flush()
  }

  /** Sends what was gathered; does not wait until it is appended. */
  async flush(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error
    if (this.#entries.length === 0) return
    const entries = this.#entries
    this.#entries = []
    this.#expecting.clear()
    this.#events = 0
    this.#bytes = 0
    const isChained = this.#chain !== undefined
    // A chain is of one topic and without times, so its batches are one append each.
    if (isChained) entries[0]!.expect = this.#chain
    const isAtomic = entries.some(({ time, expect }) => time !== undefined || expect !== undefined)
    const call = this.#send(entries, isAtomic).finally(() => this.#inFlight.delete(call))
    this.#inFlight.add(call)
    const most = isAtomic ? 1 : batchesInFlightMax
    while (this.#inFlight.size >= most) await Promise.race(this.#inFlight)
  }

  /** Sends the rest and waits for all of it. Rejects with the first error there was. */
  async finish(): Promise<Appended> {
    try {
      await this.flush()
    } finally {
      await this.settle()
    }
    if (this.#failure !== undefined) throw this.#failure.error
    return this.appended
  }

  /** Waits for what was sent, whatever comes of it. */
  async settle(): Promise<void> {
    await Promise.all(this.#inFlight)
  }

  async #send(entries: readonly Entry[], isAtomic: boolean): Promise<void> {
    try {
      const receipts = isAtomic
        ? await this.#log.appendAll(entries)
        : await this.#appendEach(entries)
      for (const [index, receipt] of receipts.entries()) this.#count(entries[index]!, receipt)
      if (this.#chain !== undefined) this.#chain = receipts.at(-1)!.lastSequence
      this.#onProgress(this.appended)
    } catch (error) {
      this.#failure ??= { error }
    }
  }

  /** An atomic append compares all of its expectations with the state before it. */
  #firstOf(topic: string, expect: Expectation | undefined): Expectation | undefined {
    if (expect === undefined || this.#expecting.has(topic)) return undefined
    this.#expecting.add(topic)
    return expect
  }

  /** All in one go, so that a log can write or send them together; resolves when all have ended. */
  async #appendEach(entries: readonly Entry[]): Promise<Receipt[]> {
    const calls = entries.map(({ topic, payloads }) => this.#log.append(topic, payloads))
    await Promise.allSettled(calls)
    return Promise.all(calls)
  }

  #count(entry: Entry, receipt: Receipt): void {
    const { appended } = this
    appended.count += receipt.count
    for (const { length } of entry.payloads) appended.bytes += length
    appended.topics.add(receipt.topic)
    appended.first ??= receipt
    appended.last = receipt
    if (typeof entry.time === 'bigint' && receipt.firstId - entry.time >= lateNs) appended.late++
  }
}
