/**
 * What a group delivers next: what is due again comes first, then the topic's new events. Where that
 * has to be read, or the cursor taken over, there is nothing until `onReady`.
 */
import type { EventReader } from './read-api.js'
import type { GroupCursor } from './group-cursor.js'
import { unsettledMax } from './limits.js'
import type { LogEvent } from './log-event.js'
import type { CheckedPosition } from './position.js'
import type { Retry } from './retry-queue.js'
import type { NextDelivery, UnsettledEvents } from './unsettled-events.js'
import { UpcomingEvents } from './upcoming-events.js'

export interface DeliverySourceContext {
  /** Follows the topic from a position on. */
  follow(topic: string, begin: () => Promise<CheckedPosition>): EventReader
  /** The event with this id, if it is still there. */
  readOne(topic: string, id: bigint): Promise<LogEvent | undefined>
}

export class DeliverySource {
  readonly #context: DeliverySourceContext
  readonly #topic: string
  readonly #from: CheckedPosition
  readonly #unsettled: UnsettledEvents
  readonly #onReady: () => void
  readonly #onFailure: (error: unknown) => void
  #upcoming: UpcomingEvents | undefined
  /** Was read for another delivery that nobody could take any more. */
  #again: NextDelivery | undefined
  /** True while the cursor is being taken over, or an event read again: what comes waits for it. */
  #preparing = false
  #closed = false

  /** Begins at `from` where the consumer has no stored position. */
  constructor(
    context: DeliverySourceContext,
    topic: string,
    from: CheckedPosition,
    unsettled: UnsettledEvents,
    on: { ready(): void; failure(error: unknown): void },
  ) {
    this.#context = context
    this.#topic = topic
    this.#from = from
    this.#unsettled = unsettled
    this.#onReady = on.ready
    this.#onFailure = on.failure
  }

  /** What is to be delivered next, if it is there. */
  next(cursor: GroupCursor): NextDelivery | undefined {
    if (this.#preparing) return undefined
    const again = this.#again
    if (again !== undefined) {
      this.#again = undefined
      return again
    }
    if (!cursor.isOwned) {
      this.#prepare(cursor, () => this.#begin(cursor))
      return undefined
    }
    const retry = this.#unsettled.takeDue()
    if (retry !== undefined) {
      this.#prepare(cursor, () => this.#readAgain(cursor, retry))
      return undefined
    }
    return this.#unsettled.size < unsettledMax ? this.#nextUpcoming(cursor) : undefined
  }

  /** Forgets what was read: the next cursor stands elsewhere. */
  restart(): void {
    this.#again = undefined
    void this.#upcoming?.close()
    this.#upcoming = undefined
  }

  /** Reads nothing more. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#upcoming?.close()
  }

  /** Does what has to be done before the next delivery, and goes on then. */
  #prepare(cursor: GroupCursor, step: () => Promise<void>): void {
    this.#preparing = true
    step()
      .catch((error: unknown) => {
        if (!cursor.isOver) this.#onFailure(error)
      })
      .finally(() => {
        this.#preparing = false
        this.#onReady()
      })
  }

  /** Takes the cursor over and goes on from what is stored. */
  async #begin(cursor: GroupCursor): Promise<void> {
    const { id } = await cursor.takeOver(this.#from)
    // Moved meanwhile: it begins again, with the next cursor.
    if (cursor.isOver || this.#closed) return
    const position: CheckedPosition = { type: 'id', id: id + 1n }
    const reader = this.#context.follow(this.#topic, () => Promise.resolve(position))
    this.#upcoming = new UpcomingEvents(reader, this.#onReady, this.#onFailure)
  }

  /** The next event that was not settled before, if it was read already. */
  #nextUpcoming({ progress }: GroupCursor): NextDelivery | undefined {
    const upcoming = this.#upcoming!
    for (let event = upcoming.take(); event !== undefined; event = upcoming.take()) {
      const isOpen = progress.read(event)
      if (isOpen) return { event, attempt: progress.attempts(event) + 1 }
    }
    return undefined
  }

  async #readAgain(cursor: GroupCursor, retry: Retry): Promise<void> {
    const event = await this.#context.readOne(this.#topic, retry.id)
    if (cursor.isOver || this.#closed) return
    if (event !== undefined) {
      this.#again = { event, attempt: retry.attempt }
      return
    }
    // Trimmed meanwhile: there is nothing left to handle.
    cursor.progress.settle(retry)
    await cursor.store()
  }
}
