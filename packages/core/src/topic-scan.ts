/**
 * Blocks of one topic from the store, in order of ids or in reverse. Sequences are dense, so a
 * block that went missing is noticed at the next one, or at the end.
 */
import { Block, BlockError } from './block.js'
import { BlockRange } from './block-range.js'
import { GoetheError } from './errors.js'
import { trailingId, within } from './keyspace.js'
import type { Store } from './store.js'
import type { StoreScan } from './store-scan.js'
import { decodeTopicRecord } from './topic-record.js'
import { reading } from './stored-entry.js'
import type { TopicState } from './topic-state.js'

/** Blocks as they come from the store. */
export interface BlockScan {
  /** The next blocks; an empty array at the end. */
  next(): Promise<BlockRange[]>
  close(): Promise<void>
}

/** The blocks of a topic that hold ids from `firstId` on. */
export class TopicScan implements BlockScan {
  readonly #store: Store
  readonly #state: TopicState
  readonly #scan: StoreScan
  readonly #firstId: bigint
  /** Events that were there when the scan began must come, or they are missing. */
  readonly #lastSequence: number
  readonly #blocksAtATime: number | undefined
  #before: { id: bigint; sequence: number } | undefined
  #isFirst = true

  /** `before` is the event that was read last, when this scan goes on behind it. */
  constructor(
    store: Store,
    state: TopicState,
    firstId: bigint,
    before?: { id: bigint; sequence: number },
    blocksAtATime?: number,
  ) {
    const { trimmed, record } = state
    this.#blocksAtATime = blocksAtATime
    this.#store = store
    this.#state = state
    // What lies before the topic's birth belongs elsewhere.
    const born =
      record === undefined || record.createdId <= trimmed.id ? trimmed.id + 1n : record.createdId
    this.#firstId = firstId > born ? firstId : born
    this.#lastSequence = this.#firstId > state.lastId ? 0 : state.lastSequence
    this.#before = before ?? (firstId <= trimmed.id + 1n ? trimmed : undefined)
    const { lt } = within(state.eventsPrefix)
    this.#scan = store.scan({ gte: state.eventKey(this.#firstId), lt })
  }

  async next(): Promise<BlockRange[]> {
    const ranges: BlockRange[] = []
    while (ranges.length === 0) {
      const entries = await this.#scan.next(this.#blocksAtATime)
      if (entries.length === 0) {
        await this.#checkEnd()
        break
      }
      for (const [key, value] of entries) {
        const block = decodeBlock(this.#state.topic, key, value)
        await this.#checkOrder(block)
        const range = BlockRange.between(block, this.#firstId, block.lastId)
        if (range.count > 0) ranges.push(range)
      }
    }
    return ranges
  }

  close(): Promise<void> {
    return this.#scan.close()
  }

  async #checkOrder(block: Block): Promise<void> {
    const before = this.#before
    const isFirst = this.#isFirst
    this.#before = { id: block.lastId, sequence: block.lastSequence }
    this.#isFirst = false
    if (before === undefined || block.firstSequence === before.sequence + 1) return
    // The first block may hold events that were trimmed or read before.
    const overlaps = block.firstSequence <= before.sequence && block.lastSequence >= before.sequence
    if (isFirst && overlaps) return
    await checkGap(this.#store, this.#state.topic, before, block.firstSequence)
  }

  async #checkEnd(): Promise<void> {
    const last = this.#before?.sequence ?? 0
    if (last >= this.#lastSequence) return
    const before = this.#before ?? { id: this.#firstId - 1n, sequence: this.#lastSequence - 1 }
    await checkGap(this.#store, this.#state.topic, before, this.#lastSequence + 1)
  }
}

/** The blocks of a topic that hold ids up to `lastId`, the newest first. */
export class ReverseTopicScan implements BlockScan {
  readonly #store: Store
  readonly #state: TopicState
  readonly #lastId: bigint
  readonly #blocksAtATime: number | undefined
  #scan: StoreScan | undefined
  #after: number | undefined

  constructor(store: Store, state: TopicState, lastId: bigint, blocksAtATime?: number) {
    this.#blocksAtATime = blocksAtATime
    this.#store = store
    this.#state = state
    this.#lastId = lastId
  }

  async next(): Promise<BlockRange[]> {
    const scan = (this.#scan ??= await this.#open())
    const ranges: BlockRange[] = []
    while (ranges.length === 0) {
      const entries = await scan.next(this.#blocksAtATime)
      if (entries.length === 0) break
      for (const [key, value] of entries) {
        const block = decodeBlock(this.#state.topic, key, value)
        if (this.#after !== undefined && block.lastSequence + 1 !== this.#after) {
          const before = { id: block.lastId, sequence: block.lastSequence }
          await checkGap(this.#store, this.#state.topic, before, this.#after)
        }
        this.#after = block.firstSequence
        const { id: trimmedId } = this.#state.trimmed
        const range = BlockRange.between(block, trimmedId + 1n, this.#lastId)
        if (range.count > 0) ranges.push(range)
      }
    }
    return ranges
  }

  async close(): Promise<void> {
    await this.#scan?.close()
  }

  /** Blocks are keyed by their last id: the one that holds `lastId` is the first at or after it. */
  async #open(): Promise<StoreScan> {
    const { gte, lt } = within(this.#state.eventsPrefix)
    if (this.#lastId >= this.#state.lastId) return this.#store.scan({ gte, lt }, { reverse: true })
    const holder = await this.#store.first({ gte: this.#state.eventKey(this.#lastId), lt })
    return this.#store.scan(holder === undefined ? { gte, lt } : { gte, lte: holder[0] }, {
      reverse: true,
    })
  }
}

/** The first blocks of a scan, which is then closed. */
export async function onceOf(scan: BlockScan): Promise<BlockRange[]> {
  try {
    return await scan.next()
  } finally {
    await scan.close()
  }
}

/** Reads a block or says which one is corrupt. */
export function decodeBlock(topic: string, key: Uint8Array, value: Uint8Array): Block {
  return reading('events', key, topic, () => {
    const block = Block.decode(topic, value)
    if (block.lastId === trailingId(key)) return block
    throw new BlockError(`it ends with event ${block.lastId}, so this is not its key`)
  })
}

/**
 * Sequences that are not there were trimmed, or belong to a topic that was deleted and born again,
 * as the topic's record says. Rejects with GOETHE_CORRUPT when neither is so.
 */
export async function checkGap(
  store: Store,
  topic: string,
  before: { id: bigint; sequence: number },
  nextSequence: number,
): Promise<void> {
  const key = store.keyspaces.topics.key(topic)
  const bytes = await store.get(key)
  if (bytes === undefined) return
  const record = reading('topics', key, topic, () => decodeTopicRecord(bytes))
  if (record.createdId > before.id && before.id > 0n) return
  if (record.trimmed.sequence + 1 >= nextSequence) return
  const first = Math.max(before.sequence, record.trimmed.sequence) + 1
  throw new GoetheError(
    'GOETHE_CORRUPT',
    first >= nextSequence
      ? `Topic '${topic}' has sequence ${nextSequence} twice`
      : `Topic '${topic}' lacks its events of sequence ${first} to ${nextSequence - 1}`,
    { details: { topic } },
  )
}
