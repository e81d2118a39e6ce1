import type { LogEvent } from '@goethe/core'
import { mustEqual } from './measure'
import { payloadBatches } from './payloads'

/** Uses all of each event, and holds that none is missing, out of order or changed. */
export class EventChecker {
  count = 0
  #sum = 0
  #id = 0n
  #sequence: number

  /** `after` is the sequence of the event before the first one. */
  constructor(after = 0) {
    this.#sequence = after
  }

  see(event: LogEvent): void {
    if (event.id <= this.#id) throw new Error(`Id ${event.id} comes after ${this.#id}`)
    if (event.sequence !== this.#sequence + 1) {
      throw new Error(`Sequence ${event.sequence} comes after ${this.#sequence}`)
    }
    this.#id = event.id
    this.#sequence = event.sequence
    this.#sum += digest(event.payload)
    this.count++
  }

  /** Throws unless the events were these many from the pool of payloads, from its start. */
  mustHaveSeen(events: number): void {
    mustEqual('Events read', this.count, events)
    mustEqual('Sum over the payloads', this.#sum, expectedSum(events))
  }
}

/** Cheap, and different for different payloads more often than not. */
export function digest(payload: Uint8Array): number {
  return payload.length + payload[0]!
}

/** The sum of the digests of 100-byte events that were appended from the pool round robin. */
export function expectedSum(events: number): number {
  const payloads = payloadBatches(100).flat()
  let sum = 0
  for (let index = 0; index < events; index++) sum += digest(payloads[index % payloads.length]!)
  return sum
}
