import type { EventReader } from './read-api.js'
import { BlockRange } from './block-range.js'
import type { LogEvent } from './log-event.js'

/** How one iteration is bounded, beyond where it starts. */
export interface ReaderBounds {
  reverse: boolean
  limit: number
  /** Events with this id or beyond it (in reverse: below it) are not read. */
  to: bigint | undefined
}

/** Where one iteration gets its blocks from: this log's store, or a server. */
export interface RangeSource {
  /** The next ranges, at least one, or undefined at the end. */
  next(): Promise<BlockRange[] | undefined>
  close(): Promise<void>
}

/** Opens what one iteration reads; rejects where the position cannot be found. */
export type OpenSource = () => Promise<RangeSource>

/** Small blocks are handed out together until an array has so many events. */
const batchEvents = 256

export class Reader implements EventReader {
  readonly #open: OpenSource
  readonly #bounds: ReaderBounds

  constructor(open: OpenSource, bounds: ReaderBounds) {
    this.#open = open
    this.#bounds = bounds
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<LogEvent> {
    return new EventIterator(this.#batches(false))
  }

  batches(): AsyncIterableIterator<LogEvent[]> {
    return this.#batches(true)
  }

  /** The stored blocks themselves, as they come, with the part of each that was asked for. */
  async *blocks(): AsyncGenerator<BlockRange[]> {
    const ranges = this.#ranges()
    try {
      for (let next = await ranges.next(); next !== undefined; next = await ranges.next()) {
        yield next
      }
    } finally {
      await ranges.close()
    }
  }

  async toArray(): Promise<LogEvent[]> {
    const all: LogEvent[] = []
    for await (const events of this.batches()) for (const event of events) all.push(event)
    return all
  }

  #batches(handedOut: boolean): BatchIterator {
    return new BatchIterator(this.#ranges(), this.#bounds.reverse, handedOut)
  }

  #ranges(): BoundedRanges {
    return new BoundedRanges(this.#open, this.#bounds)
  }
}

/** The ranges of a source within the bounds of a read. */
class BoundedRanges {
  readonly #open: OpenSource
  readonly #bounds: ReaderBounds
  #source: RangeSource | undefined
  #left: number
  #ended = false

  constructor(open: OpenSource, bounds: ReaderBounds) {
    this.#open = open
    this.#bounds = bounds
    this.#left = bounds.limit
  }

  async next(): Promise<BlockRange[] | undefined> {
    while (!this.#ended && this.#left > 0) {
      try {
        this.#source ??= await this.#open()
        if (this.#ended) break
        const ranges = await this.#source.next()
        if (ranges === undefined) break
        const bounded = this.#bound(ranges)
        if (bounded.length > 0) return bounded
      } catch (error) {
        await this.close()
        throw error
      }
    }
    await this.close()
    return undefined
  }

  async close(): Promise<void> {
    this.#ended = true
    const source = this.#source
    this.#source = undefined
    await source?.close()
  }

  #bound(ranges: BlockRange[]): BlockRange[] {
    const { to, reverse, limit } = this.#bounds
    if (to === undefined && limit === Infinity) return ranges
    const bounded: BlockRange[] = []
    for (const range of ranges) {
      let part = to === undefined ? range : this.#upTo(range, to)
      if (part.count < range.count) this.#ended = true
      if (part.count > this.#left) part = reverse ? part.last(this.#left) : part.first(this.#left)
      if (part.count > 0) bounded.push(part)
      this.#left -= part.count
      if (this.#ended || this.#left === 0) break
    }
    return bounded
  }

  #upTo(range: BlockRange, to: bigint): BlockRange {
    const { block } = range
    const clipped = this.#bounds.reverse
      ? BlockRange.between(block, to + 1n, block.lastId)
      : BlockRange.between(block, block.firstId, to - 1n)
    const from = Math.max(range.from, clipped.from)
    return new BlockRange(block, from, Math.max(Math.min(range.to, clipped.to), from))
  }
}

class BatchIterator implements AsyncIterableIterator<LogEvent[]> {
  readonly #ranges: BoundedRanges
  readonly #reverse: boolean
  readonly #handedOut: boolean
  #pending: BlockRange[] = []
  #at = 0
  /** Calls of next() that overlap are answered one after the other. */
  #turn: Promise<unknown> | undefined

  /** Arrays that are handed out may be changed by who gets them: they are copies then. */
  constructor(ranges: BoundedRanges, reverse: boolean, handedOut: boolean) {
    this.#ranges = ranges
    this.#reverse = reverse
    this.#handedOut = handedOut
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<LogEvent[], undefined>> {
    const turn = this.#turn === undefined ? this.#take() : this.#turn.then(() => this.#take())
    const settled = turn.then(
      () => undefined,
      () => undefined,
    )
    this.#turn = settled
    return turn
  }

  async return(): Promise<IteratorResult<LogEvent[], undefined>> {
    await this.#end()
    return { done: true, value: undefined }
  }

  async #take(): Promise<IteratorResult<LogEvent[], undefined>> {
    if (this.#at === this.#pending.length) {
      const ranges = await this.#ranges.next()
      if (ranges === undefined) return { done: true, value: undefined }
      this.#pending = ranges
      this.#at = 0
    }
    try {
      return { done: false, value: this.#batch() }
    } catch (error) {
      await this.#end()
      throw error
    }
  }

  #end(): Promise<void> {
    this.#pending = []
    this.#at = 0
    return this.#ranges.close()
  }

  #batch(): LogEvent[] {
    const first = this.#events(this.#pending[this.#at++]!)
    if (first.length >= batchEvents || this.#at === this.#pending.length) return first
    const events = first.slice()
    while (this.#at < this.#pending.length) {
      const range = this.#pending[this.#at]!
      if (events.length + range.count > batchEvents) break
      for (const event of this.#events(range)) events.push(event)
      this.#at++
    }
    return events
  }

  #events(range: BlockRange): LogEvent[] {
    const events = range.events()
    // A block shares its decoded events between readers.
    if (this.#reverse) return events.slice().reverse()
    return this.#handedOut ? events.slice() : events
  }
}

/** Events one by one; all but one in a block are handed out without waiting for anything. */
class EventIterator implements AsyncIterableIterator<LogEvent> {
  readonly #batches: AsyncIterableIterator<LogEvent[]>
  #events: LogEvent[] = []
  #at = 0
  #refill: Promise<unknown> | undefined

  constructor(batches: AsyncIterableIterator<LogEvent[]>) {
    this.#batches = batches
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<LogEvent, undefined>> {
    if (this.#refill === undefined && this.#at < this.#events.length) {
      return Promise.resolve({ done: false, value: this.#events[this.#at++]! })
    }
    const turn = this.#refill === undefined ? this.#take() : this.#refill.then(() => this.next())
    return turn
  }

  async return(): Promise<IteratorResult<LogEvent, undefined>> {
    this.#events = []
    this.#at = 0
    await this.#batches.return?.()
    return { done: true, value: undefined }
  }

  #take(): Promise<IteratorResult<LogEvent, undefined>> {
    const taken = this.#batches.next().then((batch): IteratorResult<LogEvent, undefined> => {
      this.#refill = undefined
      if (batch.done) return { done: true, value: undefined }
      this.#events = batch.value
      this.#at = 1
      return { done: false, value: batch.value[0]! }
    })
    this.#refill = taken.catch(() => {
      this.#refill = undefined
    })
    return taken
  }
}
