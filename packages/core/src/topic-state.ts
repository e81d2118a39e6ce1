import { Block } from './block.js'
import { GoetheError } from './errors.js'
import { type IndexEntry, decodeIndexEntry } from './index-entry.js'
import { appendId, trailingId, within } from './keyspace.js'
import { topicStatesMax } from './limits.js'
import { LoadedStates } from './loaded-states.js'
import { nameBytes } from './names.js'
import type { Store } from './store.js'
import { reading } from './stored-entry.js'
import { type TopicRecord, decodeTopicRecord, nothingTrimmed } from './topic-record.js'

/** What appends and reads need to know of a topic, as of the last commit. */
export class TopicState {
  readonly topic: string
  /** `topic:` in the events sublevel, and in the index. */
  readonly eventsPrefix: Uint8Array
  readonly indexPrefix: Uint8Array
  /** Undefined while the topic does not exist. */
  record: TopicRecord | undefined
  /** The last event ever appended; 0n and 0 before the first. */
  lastId = 0n
  lastSequence = 0
  /** Payload bytes of all events ever appended. */
  bytes = 0

  constructor(topic: string, store: Store) {
    const name = nameBytes('topic', topic)
    this.topic = topic
    this.eventsPrefix = store.keyspaces.events.topicPrefix(name)
    this.indexPrefix = store.keyspaces.index.topicPrefix(name)
  }

  get trimmed(): TopicRecord['trimmed'] {
    return this.record?.trimmed ?? nothingTrimmed
  }

  eventKey(id: bigint): Uint8Array {
    return appendId(this.eventsPrefix, id)
  }

  indexKey(start: bigint): Uint8Array {
    return appendId(this.indexPrefix, start)
  }

  /** Back to what it was before the topic's first event. */
  forget(): void {
    this.record = undefined
    this.lastId = 0n
    this.lastSequence = 0
    this.bytes = 0
  }
}

/** The states of the topics in use. */
export class TopicStates extends LoadedStates<TopicState> {
  /** A load rejects with GOETHE_CORRUPT when the topic's last block or record cannot be trusted. */
  constructor(store: Store) {
    super(topicStatesMax, async (topic) => {
      const state = new TopicState(topic, store)
      await readState(store, state)
      return state
    })
  }
}

async function readState(store: Store, state: TopicState): Promise<void> {
  const recordKey = store.keyspaces.topics.key(state.topic)
  const bytes = await store.get(recordKey)
  if (bytes === undefined) return checkUnborn(store, state, recordKey)
  // One after the other: a commit between the two makes the block newer than the index.
  const lastIndex = await store.first(within(state.indexPrefix), { reverse: true })
  const lastBlock = await store.first(within(state.eventsPrefix), { reverse: true })
  const record = reading('topics', recordKey, state.topic, () => decodeTopicRecord(bytes))
  state.record = record
  state.lastId = record.trimmed.id
  state.lastSequence = record.trimmed.sequence
  state.bytes = record.trimmed.bytes
  if (lastIndex !== undefined) {
    const [key, value] = lastIndex
    const entry = reading('index', key, state.topic, () => decodeIndexEntry(value))
    state.bytes = entry.bytes
    checkEnd(state, entry, lastBlock?.[0])
  }
  if (lastBlock !== undefined) {
    const [key, value] = lastBlock
    const block = reading('events', key, state.topic, () => Block.decode(state.topic, value))
    state.lastId = block.lastId
    state.lastSequence = block.lastSequence
  }
}

/** A topic without a record has no events: what lies there belongs elsewhere. */
async function checkUnborn(store: Store, state: TopicState, recordKey: Uint8Array): Promise<void> {
  const event = await store.first(within(state.eventsPrefix))
  // Asked again, for the topic may have been born between the two.
  if (event === undefined || (await store.get(recordKey)) !== undefined) return
  throw new GoetheError(
    'GOETHE_CORRUPT',
    `Topic '${state.topic}' has events, but no record of its own`,
    { details: { topic: state.topic } },
  )
}

/** The index knows the topic's last event, so that a last block that went missing is noticed. */
function checkEnd(
  state: TopicState,
  entry: IndexEntry,
  lastBlockKey: Uint8Array | undefined,
): void {
  const lastId = lastBlockKey === undefined ? state.lastId : trailingId(lastBlockKey)
  if (lastId >= entry.lastId) return
  throw new GoetheError(
    'GOETHE_CORRUPT',
    `Topic '${state.topic}' lacks its last events, up to the one of sequence ${entry.lastSequence}`,
    { details: { topic: state.topic } },
  )
}
