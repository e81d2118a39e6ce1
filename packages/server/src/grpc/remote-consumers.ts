/** The instances of consumers whose programs are connected, or may still come back. */
import { randomUUID } from 'node:crypto'
import type { Clock } from '@goethe/core'
import { allows } from '../auth/grants.js'
import type { Identity } from '../identity.js'
import type { ServedConsumer } from '../served-log.js'
import { RemoteConsumer } from './remote-consumer.js'

/** What an instance was opened for: whoever goes on with it needs the rights for that. */
export interface Opening {
  readonly topic: string
  readonly consumer: string
  /** Empty for none. */
  readonly deadLetter: string
}

export class RemoteConsumers {
  readonly #clock: Clock
  readonly #consumers = new Map<
    string,
    { consumer: RemoteConsumer; owner: string; opening: Opening }
  >()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * The instance of this name, if it is still there, is what the caller opens, belongs to the caller,
   * and the caller still has the rights for it: they may have been taken away meanwhile.
   */
  find(instance: string, opening: Opening, { name, grants }: Identity): RemoteConsumer | undefined {
    const known = this.#consumers.get(instance)
    if (known?.owner !== name || !isSame(known.opening, opening)) return undefined
    const { topic, deadLetter } = opening
    const mayConsume = allows(grants, 'consume', topic)
    const mayBury = deadLetter === '' || allows(grants, 'append', deadLetter)
    return mayConsume && mayBury ? known.consumer : undefined
  }

  add(
    consumer: ServedConsumer,
    { topic, consumer: name, deadLetter }: Opening,
    owner: Identity,
  ): RemoteConsumer {
    const remote = new RemoteConsumer(randomUUID(), consumer, this.#clock)
    const opening = { topic, consumer: name, deadLetter }
    this.#consumers.set(remote.instance, { consumer: remote, owner: owner.name, opening })
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

function isSame(one: Opening, other: Opening): boolean {
  return (
    one.topic === other.topic &&
    one.consumer === other.consumer &&
    one.deadLetter === other.deadLetter
  )
}
