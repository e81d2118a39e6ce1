import type { EventReader } from './read-api.js'
import type { LogEvent } from './log-event.js'

/** Where a consumer's new events come from: one array of the reader at a time, taken one by one. */
export class UpcomingEvents {
  readonly #batches: AsyncIterator<LogEvent[]>
  readonly #onArrival: () => void
  readonly #onFailure: (error: unknown) => void
  #events: readonly LogEvent[] = []
  #at = 0
  #reading = false
  #closed = false

  /** `onArrival` is called when there are events again, after there were none. */
  constructor(reader: EventReader, onArrival: () => void, onFailure: (error: unknown) => void) {
    this.#batches = reader.batches()
    this.#onArrival = onArrival
    this.#onFailure = onFailure
  }

  /** The next event, if it was read already; if not, it is read. */
  take(): LogEvent | undefined {
    const event = this.#events[this.#at]
    if (event !== undefined) this.#at++
    else if (!this.#reading) void this.#read()
    return event
  }

  /** Reads nothing more, and calls nobody any more. */
  async close(): Promise<void> {
    this.#closed = true
    this.#events = []
    await this.#batches.return?.()
  }

  async #read(): Promise<void> {
    this.#reading = true
    this.#events = []
    try {
      const { value, done } = await this.#batches.next()
      if (this.#closed || done === true) return
      this.#events = value
      this.#at = 0
      this.#reading = false
      this.#onArrival()
    } catch (error) {
      if (!this.#closed) this.#onFailure(error)
    }
  }
}
