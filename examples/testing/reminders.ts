import type { EventLogApi } from '@goethe/core'

/** A parcel that was not picked up for so long is asked about. */
export const patienceMs = 3 * 24 * 3_600_000

interface Parcel {
  parcel: string
}

/**
 * The small app that the tests here are about: it notes parcels as they arrive and are picked up, and
 * knows which ones have been waiting too long. It gets the log and the time from outside, so that a
 * test can bring its own.
 */
export class Reminders {
  readonly #log: EventLogApi
  readonly #now: () => Date

  constructor(log: EventLogApi, now: () => Date) {
    this.#log = log
    this.#now = now
  }

  async arrived(parcel: string): Promise<void> {
    await this.#log.append('arrived', encode({ parcel }))
  }

  async pickedUp(parcel: string): Promise<void> {
    await this.#log.append('picked-up', encode({ parcel }))
  }

  /** The parcels that arrived `patienceMs` ago or earlier and are still there. */
  async overdue(): Promise<string[]> {
    const waiting = new Set<string>()
    const to = new Date(this.#now().getTime() - patienceMs + 1)
    for await (const event of this.#log.read('arrived', { to })) {
      waiting.add(event.json<Parcel>().parcel)
    }
    for await (const event of this.#log.read('picked-up')) {
      waiting.delete(event.json<Parcel>().parcel)
    }
    return [...waiting]
  }
}

function encode(value: Parcel): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}
