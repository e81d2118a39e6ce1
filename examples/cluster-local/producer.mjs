import { EventEmitter, once } from 'node:events'

/** Numbers that are appended at a time. */
export const inFlight = 20

/** Appends 0, 1, 2 … and remembers what was acknowledged. It knows nothing of leaders. */
export class Producer extends EventEmitter {
  /**
   * By the number, the id that its event has got.
   *
   * @type {Map<number, bigint>}
   */
  acknowledged = new Map()
  #next = 0
  #isStopping = false
  #running

  /**
   * @param {import('@goethe/client').Client} log
   * @param {string} topic
   */
  constructor(log, topic) {
    super()
    this.#running = Promise.all(Array.from({ length: inFlight }, () => this.#run(log, topic)))
    // Whoever waits for something learns of a failure.
    this.#running.catch(() => undefined)
  }

  /**
   * Resolves once so many are acknowledged. Rejects when an append fails.
   *
   * @param {number} count
   */
  async acknowledges(count) {
    while (this.acknowledged.size < count) {
      await Promise.race([once(this, 'acknowledged'), this.#running])
    }
  }

  /** Resolves once everything that was begun is acknowledged. */
  async stop() {
    this.#isStopping = true
    await this.#running
  }

  /**
   * @param {import('@goethe/client').Client} log
   * @param {string} topic
   */
  async #run(log, topic) {
    while (!this.#isStopping) {
      const number = this.#next++
      const { firstId } = await log.append(topic, Buffer.from(`${number}`))
      this.acknowledged.set(number, firstId)
      this.emit('acknowledged')
    }
  }
}
