/**
 * What one `Consume` stream of the original's protocol goes through: events of one topic, each
 * committed before the next one is looked for. It reads through the consumer's cursor and so takes
 * it over, but only once there is something to read: whoever polls an idle topic writes nothing.
 */
import { GoetheError, type LogEvent } from '@goethe/core'
import type { ServedCursor, ServedLog } from '../served-log.js'

export class LegacyConsumption {
  readonly #log: ServedLog
  readonly #cursor: ServedCursor
  readonly #signal: AbortSignal
  #events: AsyncIterableIterator<LogEvent> | undefined
  #sent: LogEvent | undefined

  /** Begins at the event with the id `from` or the nearest after it, or where the cursor stands. */
  constructor(
    log: ServedLog,
    names: { topic: string; consumer: string },
    from: bigint | undefined,
    signal: AbortSignal,
  ) {
    this.#log = log
    this.#cursor = log.cursor(names.topic, names.consumer)
    this.#signal = signal
    // Whoever names an event goes there on purpose, also back: the cursor moves there.
    if (from !== undefined) this.#read(from)
  }

  /** The next event, or undefined at the end of the topic. */
  async next(): Promise<LogEvent | undefined> {
    for (;;) {
      const next = await this.#events?.next()
      if (next?.done === false) {
        this.#sent = next.value
        return next.value
      }
      // What was read ended where the topic did when it began; meanwhile there may be more.
      if ((await this.#cursor.lag()) === 0) return undefined
      this.#read(undefined)
    }
  }

  /** Notes that all events up to and including this one are handled. */
  async commit(id: bigint): Promise<void> {
    if (this.#sent?.id === id) {
      await this.#cursor.commit(this.#sent)
      return
    }
    // What was sent on another stream has to be looked up, which takes the right to read as well.
    const { topic } = this.#cursor
    const event = await this.#log.seek(topic, id)
    if (event?.id !== id) {
      throw new GoetheError('GOETHE_EVENT_NOT_FOUND', `Topic '${topic}' has no event ${id}`, {
        details: { topic },
      })
    }
    await this.#cursor.commit(event)
    // The next one is that behind the one committed.
    await this.close()
  }

  /** Ends what is being read. */
  async close(): Promise<void> {
    const events = this.#events
    this.#events = undefined
    await events?.return?.()
  }

  #read(from: bigint | undefined): void {
    const reader = this.#cursor.read({ from, signal: this.#signal })
    this.#events = reader[Symbol.asyncIterator]()
  }
}
