/** The instances of consumers whose programs are connected, or may still come back. */
import { randomUUID } from 'node:crypto'
import type { Clock } from '@goethe/core'
import type { Identity } from '../identity.js'
import type { ServedConsumer } from '../served-log.js'
import { RemoteConsumer } from './remote-consumer.js'

export class RemoteConsumers {
  readonly #clock: Clock
  readonly #consumers = new Map<string, { consumer: RemoteConsumer; owner: string }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The instance of this name, if it is still there and belongs to the caller. */
  find(instance: string, { name }: Identity): RemoteConsumer | undefined {
    const known = this.#consumers.get(instance)
    return known?.owner === name ? known.consumer : undefined
  }

  add(consumer: ServedConsumer, { name }: Identity): RemoteConsumer {
    const remote = new RemoteConsumer(randomUUID(), consumer, this.#clock)
    this.#consumers.set(remote.instance, { consumer: remote, owner: name })
    return remote
  }

  /** Ends an instance: what it holds goes to others. */
  async remove(consumer: RemoteConsumer): Promise<void> {
    this.#consumers.delete(consumer.instance)
    await consumer.close()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consumers.values()].map(({ consumer }) => this.remove(consumer)))
  }
}
