import type { Client } from '@goethe/client'
import { Tally } from './tally.js'

/**
 * For clients whose servers come and go: that takes seconds, and where others use the machine as well
 * it may take longer than a client waits by default.
 */
export const patient = { deadlineMs: 100_000 }

/** Appends one event behind the other, so many in flight, until it is told to end. */
export class SteadyAppends {
  /** What was appended, in this order. */
  readonly texts: string[] = []
  /** Of what was acknowledged, at the same place. */
  readonly ids: bigint[] = []
  readonly acknowledged = new Tally()
  readonly #log: Client
  readonly #topic: string
  readonly #running: Promise<unknown>
  #isEnding = false

  constructor(log: Client, topic: string, inFlight: number) {
    this.#log = log
    this.#topic = topic
    this.#running = Promise.all(Array.from({ length: inFlight }, () => this.#run()))
  }

  /** Resolves when all that was begun is acknowledged. */
  async end(): Promise<void> {
    this.#isEnding = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      const text = `event ${this.texts.length}`
      const at = this.texts.push(text) - 1
      const { firstId } = await this.#log.append(this.#topic, Buffer.from(text))
      this.ids[at] = firstId
      this.acknowledged.add()
    }
  }
}
