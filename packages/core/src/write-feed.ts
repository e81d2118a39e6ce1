/**
 * What the store says it has written, told on to the parts of the log that keep something of it in
 * memory. This is the only way by which they learn of a commit, so that it makes no difference who
 * wrote it: this log, or a leader whose entries a replicating store applies.
 */
import { Block } from './block.js'
import type { WrittenOperation } from './database.js'
import { decodeIndexEntry } from './index-entry.js'
import { trailingId } from './keyspace.js'
import type { ProducerStates } from './producer-states.js'
import { ProducerResults } from './producers.js'
import type { Recent } from './recent.js'
import type { Store } from './store.js'
import { type TopicRecord, decodeTopicRecord } from './topic-record.js'
import type { TopicState, TopicStates } from './topic-state.js'

export class WriteFeed {
  readonly #store: Store
  readonly #states: TopicStates
  readonly #producers: ProducerStates
  readonly #recent: Recent
  readonly #listener = (operations: WrittenOperation[]): void => {
    this.#onWrite(operations)
  }
  /** The last id of the log that readers may see; 0n for an empty one. */
  lastId = 0n

  constructor(store: Store, states: TopicStates, producers: ProducerStates, recent: Recent) {
    this.#store = store
    this.#states = states
    this.#producers = producers
    this.#recent = recent
    store.root.on('write', this.#listener)
  }

  /**
   * Looks up where the log ends. What is written meanwhile is heard of: the entries of a leader do not
   * wait until a follower has opened its log.
   */
  async findEnd(): Promise<void> {
    const last = await this.#store.first(this.#store.keyspaces.commits.range(), { reverse: true })
    if (last !== undefined) this.#committed(last[0])
  }

  close(): void {
    this.#store.root.off('write', this.#listener)
  }

  #onWrite(operations: WrittenOperation[]): void {
    const { events, commits, index, topics, producers } = this.#store.keyspaces
    const blocks: Block[] = []
    for (const { type, encodedKey: key, encodedValue: value } of operations) {
      if (!(key instanceof Uint8Array)) continue
      const put = type === 'put' && value instanceof Uint8Array ? value : undefined
      if (events.owns(key)) {
        if (put !== undefined) blocks.push(this.#block(events.topic(key), put))
      } else if (index.owns(key)) {
        if (put !== undefined) this.#indexed(index.topic(key), put)
      } else if (topics.owns(key)) {
        this.#topic(topics.text(key), put)
      } else if (producers.owns(key)) {
        const results = put === undefined ? ProducerResults.none : new ProducerResults(put)
        this.#producers.replace(producers.text(key), results)
      } else if (commits.owns(key)) {
        if (put !== undefined) this.#committed(key)
      }
    }
    if (blocks.length > 0) this.#recent.add(blocks)
  }

  #committed(key: Uint8Array): void {
    const id = trailingId(key)
    if (id > this.lastId) this.lastId = id
  }

  #block(topic: string, bytes: Uint8Array): Block {
    const block = new Block(topic, bytes)
    const state = this.#states.peek(topic)
    if (state === undefined) this.#states.invalidate(topic)
    else {
      state.lastId = block.lastId
      state.lastSequence = block.lastSequence
    }
    return block
  }

  #indexed(topic: string, bytes: Uint8Array): void {
    const state = this.#states.peek(topic)
    if (state !== undefined) state.bytes = Math.max(state.bytes, decodeIndexEntry(bytes).bytes)
  }

  #topic(topic: string, bytes: Uint8Array | undefined): void {
    const state = this.#states.peek(topic)
    if (state === undefined) this.#states.invalidate(topic)
    else if (bytes === undefined) state.forget()
    else this.#described(state, decodeTopicRecord(bytes))
  }

  /** An import may bring a topic whose last events were trimmed: only its record knows of them. */
  #described(state: TopicState, record: TopicRecord): void {
    const { id, sequence, bytes } = record.trimmed
    state.record = record
    state.bytes = Math.max(state.bytes, bytes)
    if (sequence < state.lastSequence) return
    state.lastId = id
    state.lastSequence = sequence
  }
}
