import { type GroupInstance, type Held, mayHoldMore } from './group-instance.js'

/** An instance that waits for its next event. */
interface DeliveryRequest {
  readonly instance: GroupInstance
  resolve(held: Held): void
  reject(error: unknown): void
}

/** The instances of a group that wait for an event, in the order in which they asked. */
export class DeliveryRequests {
  readonly #requests: DeliveryRequest[] = []

  add(instance: GroupInstance): Promise<Held> {
    return new Promise((resolve, reject) => {
      this.#requests.push({ instance, resolve, reject })
    })
  }

  /** The one that waits longest of those whose instance may hold one more. */
  next(): DeliveryRequest | undefined {
    if (this.#requests.length === 0) return undefined
    return this.#requests.find(({ instance }) => mayHoldMore(instance))
  }

  answer(request: DeliveryRequest, held: Held): void {
    this.#requests.splice(this.#requests.indexOf(request), 1)
    request.resolve(held)
  }

  /** Rejects those of one instance. */
  drop(instance: GroupInstance, reason: unknown): void {
    for (const request of this.#requests.filter((waiting) => waiting.instance === instance)) {
      this.#requests.splice(this.#requests.indexOf(request), 1)
      request.reject(reason)
    }
  }

  dropAll(reason: unknown): void {
    for (const request of this.#requests.splice(0)) request.reject(reason)
  }
}
