/**
 * Appends a long stream of events in batches, a few of them under way at a time. Neighbours of one
 * topic become one append. Appends to a topic keep the order of their calls, and those of a batch
 * are made at once, so that a log can write or send them together.
 */
import type { AppendEntry, EventLogApi, Expectation, Receipt } from '@goethe/core'
import type { NewEvent } from './line-events.js'

/** One batch holds at most so many events, and bytes unless a single event is larger. */
const batchEventsMax = 1000
const batchBytesMax = 1024 * 1024
/** Batches under way; more would only cost memory. */
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

  /** Waits while too much is under way. Rejects once an append was refused. */
  async add({ topic, payload, time }: NewEvent, expect?: Expectation): Promise<void> {
    const last = this.#entries.at(-1)
    const joins = last?.topic === topic && time === undefined && last.time === undefined
    if (joins && expect === undefined) last.payloads.push(payload)
    else this.#entries.push({ topic, payloads: [payload], time, expect })
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
    this.#events = 0
    this.#bytes = 0
    const isChained = this.#chain !== undefined
    // A chain is of one topic and without times, so its batches are one append each.
    if (isChained) entries[0]!.expect = this.#chain
    const call = this.#send(entries).finally(() => this.#inFlight.delete(call))
    this.#inFlight.add(call)
    // A batch of a chain expects the last sequence of the batch before it.
    const roomFor = isChained ? 1 : batchesInFlightMax
    while (this.#inFlight.size >= roomFor) await Promise.race(this.#inFlight)
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

  async #send(entries: readonly Entry[]): Promise<void> {
    const calls = entries.map(async (entry) => {
      const receipt = await this.#log.append(entry.topic, entry.payloads, conditionsOf(entry))
      this.#count(entry, receipt)
      return receipt
    })
    // All have ended before the log may be closed, whatever comes of the first.
    const results = await Promise.allSettled(calls)
    const refused = results.find(({ status }) => status === 'rejected')
    if (refused !== undefined)
      this.#failure ??= { error: (refused as PromiseRejectedResult).reason }
    const last = results.at(-1)
    if (this.#chain !== undefined && last?.status === 'fulfilled') {
      this.#chain = last.value.lastSequence
    }
    this.#onProgress(this.appended)
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

function conditionsOf({ time, expect }: AppendEntry): {
  time?: bigint | Date
  expect?: Expectation
} {
  return {
    ...(time === undefined ? {} : { time }),
    ...(expect === undefined ? {} : { expect }),
  }
}
