import { EventEmitter, once } from 'node:events'

/** Two consumers that share a topic: each number goes to one of them, at least once. */
export class Workers extends EventEmitter {
  /**
   * How often each number came, by what its event says.
   *
   * @type {Map<number, number>}
   */
  handled = new Map()
  #consumers
  #running

  /**
   * @param {import('@goethe/client').Client[]} logs one for each consumer
   * @param {string} topic
   */
  constructor(logs, topic) {
    super()
    this.#consumers = logs.map((log) => log.consumer(topic, 'workers'))
    this.#running = Promise.all(this.#consumers.map((consumer) => this.#run(consumer)))
    // Whoever waits for something learns of a failure.
    this.#running.catch(() => undefined)
  }

  /** Numbers that came more than once. */
  get repeated() {
    return [...this.handled.values()].filter((count) => count > 1).length
  }

  /**
   * Resolves once so many different numbers have come.
   *
   * @param {number} count
   */
  async handles(count) {
    while (this.handled.size < count) {
      await Promise.race([once(this, 'handled'), this.#running])
    }
  }

  async stop() {
    await Promise.all(this.#consumers.map((consumer) => consumer.close()))
    await this.#running
  }

  /** @param {import('@goethe/core').ConsumerApi} consumer */
  async #run(consumer) {
    for await (const delivery of consumer) {
      const number = Number(delivery.event.text())
      this.handled.set(number, (this.handled.get(number) ?? 0) + 1)
      this.emit('handled')
      // What cannot be acknowledged in time is delivered again, here or to the other one.
      delivery.ack().catch(() => undefined)
    }
  }
}
