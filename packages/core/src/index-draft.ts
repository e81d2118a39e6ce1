import { encodeIndexEntry } from './index-entry.js'
import type { StoreOperation } from './store.js'
import type { TopicState } from './topic-state.js'

/** The entries of the index that one commit writes for one topic: the last of each interval. */
export class IndexDraft {
  readonly #state: TopicState
  #start = -1n
  #lastId = 0n
  #lastSequence = 0
  #bytes: number
  firstId = 0n

  /** `bytes`: payload bytes of the topic before this commit. */
  constructor(state: TopicState, bytes: number) {
    this.#state = state
    this.#bytes = bytes
  }

  add(
    start: bigint,
    lastId: bigint,
    firstSequence: number,
    payloads: readonly Uint8Array[],
    operations: StoreOperation[],
  ): void {
    if (this.#start === -1n) this.firstId = lastId - BigInt(payloads.length - 1)
    else if (start !== this.#start) this.flush(operations)
    this.#start = start
    this.#lastId = lastId
    this.#lastSequence = firstSequence + payloads.length - 1
    for (const payload of payloads) this.#bytes += payload.length
  }

  flush(operations: StoreOperation[]): void {
    const entry = { lastId: this.#lastId, lastSequence: this.#lastSequence, bytes: this.#bytes }
    const key = this.#state.indexKey(this.#start)
    operations.push({ type: 'put', key, value: encodeIndexEntry(entry) })
  }
}
