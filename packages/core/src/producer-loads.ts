import { type ProducerResults, decodeProducerResults } from './producers.js'
import type { Store } from './store.js'
import { reading } from './topic-state.js'

/** The stored results of the producers that a commit names, each read once. */
export class ProducerLoads {
  readonly #store: Store
  readonly #loads = new Map<string, Promise<void>>()
  readonly #results = new Map<string, ProducerResults>()

  constructor(store: Store) {
    this.#store = store
  }

  results(topic: string, id: string): ProducerResults {
    return this.#results.get(`${topic}:${id}`) ?? []
  }

  load(topic: string, id: string): Promise<void> {
    const name = `${topic}:${id}`
    let load = this.#loads.get(name)
    if (load === undefined) {
      load = this.#read(topic, id)
      this.#loads.set(name, load)
    }
    return load
  }

  async #read(topic: string, id: string): Promise<void> {
    const key = this.#store.keyspaces.producers.nameKey(topic, id)
    const value = await this.#store.get(key)
    if (value === undefined) return
    const results = reading('producers', key, topic, () => decodeProducerResults(value))
    this.#results.set(`${topic}:${id}`, results)
  }
}
