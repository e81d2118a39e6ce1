import { producerStatesMax } from './limits.js'
import { LoadedStates } from './loaded-states.js'
import { ProducerResults } from './producers.js'
import type { Store } from './store.js'
import { reading } from './stored-entry.js'

/** What the producers in use did last: an append of one that is known needs no read of the store. */
export class ProducerStates extends LoadedStates<ProducerResults> {
  /** Names are those of `producerName`. A load rejects with GOETHE_CORRUPT. */
  constructor(store: Store) {
    super(producerStatesMax, async (name) => {
      const [topic, id] = name.split(':') as [string, string]
      const key = store.keyspaces.producers.nameKey(topic, id)
      const value = await store.get(key)
      if (value === undefined) return ProducerResults.none
      return reading('producers', key, topic, () => new ProducerResults(value))
    })
  }
}

/** Names a producer of a topic; neither of the two has a colon. */
export function producerName(topic: string, id: string): string {
  return `${topic}:${id}`
}
