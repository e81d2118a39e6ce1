/**
 * Builds the time-based index anew from the blocks, when its interval changed or a rebuild before
 * did not end. The meta entry says 'not complete' first and 'complete' last.
 */
import { indexEntriesOf } from './block-index.js'
import { encodeIndexEntry } from './index-entry.js'
import { type IndexMeta, indexMetaOperation } from './meta.js'
import type { Store, StoreOperation } from './store.js'
import { decodeTopicRecord } from './topic-record.js'
import { decodeBlock } from './topic-scan.js'
import { reading } from './stored-entry.js'
import { TopicState } from './topic-state.js'

const operationsPerBatch = 1000

/** Rejects with GOETHE_CORRUPT at a block that cannot be read. */
export async function reindex(store: Store, index: IndexMeta): Promise<void> {
  await store.write([indexMetaOperation(store, { ...index, complete: false })])
  const batch = new Batch(store)
  const range = store.keyspaces.index.range()
  for await (const [key] of store.scan(range, { keysOnly: true })) {
    await batch.add({ type: 'del', key })
  }
  const intervalNs = BigInt(index.intervalMs) * 1_000_000n
  let state: TopicState | undefined
  let bytes = 0
  for await (const [key, value] of store.scan(store.keyspaces.events.range())) {
    const topic = store.keyspaces.events.topic(key)
    if (state?.topic !== topic) {
      state = new TopicState(topic, store)
      bytes = await trimmedBytes(store, topic)
    }
    const block = decodeBlock(topic, key, value)
    for (const entry of indexEntriesOf(block, intervalNs, bytes)) {
      bytes = entry.bytes
      const indexKey = state.indexKey(entry.start)
      await batch.add({ type: 'put', key: indexKey, value: encodeIndexEntry(entry) })
    }
  }
  await batch.add(indexMetaOperation(store, { ...index, complete: true }))
  await batch.write()
}

async function trimmedBytes(store: Store, topic: string): Promise<number> {
  const key = store.keyspaces.topics.key(topic)
  const value = await store.get(key)
  if (value === undefined) return 0
  return reading('topics', key, topic, () => decodeTopicRecord(value)).trimmed.bytes
}

class Batch {
  readonly #store: Store
  #operations: StoreOperation[] = []

  constructor(store: Store) {
    this.#store = store
  }

  async add(operation: StoreOperation): Promise<void> {
    this.#operations.push(operation)
    if (this.#operations.length >= operationsPerBatch) await this.write()
  }

  async write(): Promise<void> {
    const operations = this.#operations
    this.#operations = []
    if (operations.length > 0) await this.#store.write(operations)
  }
}
