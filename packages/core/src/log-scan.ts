/**
 * Blocks of several topics from the store, in the one order of the log: the `commits` entries say
 * which blocks each commit wrote, whose topics are then filtered.
 */
import { BlockRange } from './block-range.js'
import { type BlockName, decodeCommit } from './commit-record.js'
import { type KeyRange, appendId } from './keyspace.js'
import { readAheadBlocks, readAheadBytes } from './limits.js'
import { type TopicFilter, matches } from './recent.js'
import type { Store } from './store.js'
import type { StoreScan } from './store-scan.js'
import { type Trimmed, decodeTopicRecord, nothingTrimmed } from './topic-record.js'
import { type BlockScan, checkGap, decodeBlock } from './topic-scan.js'
import { reading } from './stored-entry.js'

/** Blocks read together at first, before it is known how large they are. */
const firstGroup = 8

/** Topics whose next sequence and trimmed start are remembered during one scan. */
const topicsMax = 65_536

interface SeenTopic {
  trimmed: Trimmed
  before: { id: bigint; sequence: number } | undefined
}

export class LogScan implements BlockScan {
  readonly #store: Store
  readonly #filter: TopicFilter
  readonly #id: bigint
  readonly #reverse: boolean
  #scan: StoreScan | undefined
  #names: BlockName[] = []
  #group = firstGroup
  readonly #topics = new Map<string, SeenTopic>()

  /** Ids from `id` on, or in reverse those up to it. */
  constructor(store: Store, filter: TopicFilter, id: bigint, reverse = false) {
    this.#store = store
    this.#filter = filter
    this.#id = id
    this.#reverse = reverse
  }

  async next(): Promise<BlockRange[]> {
    for (;;) {
      const names = await this.#nextNames()
      if (names.length === 0) return []
      const ranges = await this.#read(names)
      if (ranges.length > 0) return ranges
    }
  }

  async close(): Promise<void> {
    await this.#scan?.close()
  }

  /** The names of the next blocks, as many as should be read together. */
  async #nextNames(): Promise<BlockName[]> {
    const scan = (this.#scan ??= await this.#open())
    while (this.#names.length === 0) {
      const entries = await scan.next()
      if (entries.length === 0) return []
      this.#names = entries.flatMap(([key, value]) => {
        const names = reading('commits', key, undefined, () => decodeCommit(value))
        return this.#reverse ? names.reverse() : names
      })
      this.#names = this.#names.filter(({ topic, lastId }) => {
        return (this.#reverse || lastId >= this.#id) && matches(this.#filter, topic)
      })
    }
    return this.#names.splice(0, this.#group)
  }

  async #read(names: BlockName[]): Promise<BlockRange[]> {
    const { events } = this.#store.keyspaces
    await this.#meet(names)
    const keys = names.map(({ topic, lastId }) => appendId(events.topicPrefix(topic), lastId))
    const values = await this.#store.getMany(keys)
    const ranges: BlockRange[] = []
    let bytes = 0
    for (const [index, { topic, lastId }] of names.entries()) {
      const value = values[index]
      if (value === undefined) {
        await this.#missing(topic, lastId)
        continue
      }
      bytes += value.length
      const range = await this.#range(topic, keys[index]!, value)
      if (range.count > 0) ranges.push(range)
    }
    const average = Math.max(bytes / names.length, 1)
    this.#group = Math.min(Math.max(Math.floor(readAheadBytes / average), 1), readAheadBlocks)
    return ranges
  }

  async #range(topic: string, key: Uint8Array, value: Uint8Array): Promise<BlockRange> {
    const block = decodeBlock(topic, key, value)
    const seen = this.#topics.get(topic)!
    if (!this.#reverse) {
      const { before } = seen
      if (before !== undefined && before.sequence + 1 !== block.firstSequence) {
        await checkGap(this.#store, topic, before, block.firstSequence)
      }
      seen.before = { id: block.lastId, sequence: block.lastSequence }
    }
    const firstId = seen.trimmed.id + 1n
    return this.#reverse
      ? BlockRange.between(block, firstId, this.#id)
      : BlockRange.between(block, firstId > this.#id ? firstId : this.#id, block.lastId)
  }

  /** Learns what is trimmed of topics that come for the first time. */
  async #meet(names: BlockName[]): Promise<void> {
    const fresh = [...new Set(names.map(({ topic }) => topic))].filter(
      (topic) => !this.#topics.has(topic),
    )
    if (fresh.length === 0) return
    if (this.#topics.size + fresh.length > topicsMax) this.#topics.clear()
    const all = this.#topics.size === 0 ? [...new Set(names.map(({ topic }) => topic))] : fresh
    const { topics } = this.#store.keyspaces
    const keys = all.map((topic) => topics.key(topic))
    const values = await this.#store.getMany(keys)
    for (const [index, topic] of all.entries()) {
      const value = values[index]
      const record = value && reading('topics', keys[index]!, topic, () => decodeTopicRecord(value))
      this.#topics.set(topic, { trimmed: record?.trimmed ?? nothingTrimmed, before: undefined })
    }
  }

  /** A block that a commit names is gone when it was trimmed or its topic deleted meanwhile. */
  async #missing(topic: string, lastId: bigint): Promise<void> {
    const key = this.#store.keyspaces.topics.key(topic)
    const bytes = await this.#store.get(key)
    if (bytes === undefined) return
    const record = reading('topics', key, topic, () => decodeTopicRecord(bytes))
    if (record.createdId > lastId || record.trimmed.id >= lastId) return
    const { events } = this.#store.keyspaces
    decodeBlock(topic, appendId(events.topicPrefix(topic), lastId), new Uint8Array(0))
  }

  async #open(): Promise<StoreScan> {
    const { commits } = this.#store.keyspaces
    const all = commits.range()
    if (!this.#reverse) return this.#store.scan({ ...all, gte: commits.idKey(this.#id) })
    const from: KeyRange = { ...all, gte: commits.idKey(this.#id) }
    const holder = await this.#store.first(from)
    const range = holder === undefined ? all : { gte: commits.prefix, lte: holder[0] }
    return this.#store.scan(range, { reverse: true })
  }
}
