/**
 * Removing a topic's oldest events. What is gone is noted in the topic's record, so that it is
 * exact to the event; blocks are removed once all of their events are gone. Each step removes a
 * bounded number of blocks in one atomic batch, so a crash between two leaves a shorter trim.
 */
import type { TrimResult } from './topic-api.js'
import { Block } from './block.js'
import { withoutBlocks } from './commit-edit.js'
import type { Committer } from './committer.js'
import { decodeCursorRecord } from './cursor-record.js'
import { intervalStart } from './index-entry.js'
import { within } from './keyspace.js'
import { deletesPerBatch, producerExpiryMs, queueBytesPerPayload } from './limits.js'
import { ProducerResults } from './producers.js'
import type { Store, StoreOperation } from './store.js'
import { existingTopic } from './topic-catalog.js'
import { type Trimmed, encodeTopicRecord } from './topic-record.js'
import { decodeBlock } from './topic-scan.js'
import { reading } from './stored-entry.js'
import type { TopicState, TopicStates } from './topic-state.js'

export interface TrimContext {
  store: Store
  states: TopicStates
  committer: Committer
  intervalNs: bigint
  /** The last id of the log. */
  lastId(): bigint
  /** UNIX nanoseconds. */
  now(): bigint
  /** Called as a topic is being deleted: its cursors are gone. */
  forgetCursors(topic: string): void
}

/** Removes the events with an id up to `throughId`, as far as no holding cursor keeps them. */
export async function trimTopic(
  context: TrimContext,
  topic: string,
  throughId: bigint,
): Promise<TrimResult> {
  const state = await existingTopic(context.states, topic)
  const before = state.trimmed.sequence
  let heldBy: string | undefined
  for (;;) {
    const hold = await firstHold(context.store, topic)
    heldBy = hold !== undefined && hold.id < throughId ? hold.consumer : undefined
    const through = heldBy === undefined ? throughId : hold!.id
    if (await trimStep(context, topic, through)) break
  }
  const { sequence } = (await context.states.load(topic)).trimmed
  return { count: Math.max(sequence - before, 0), throughSequence: sequence, heldBy }
}

/** `trimTopic`, whatever holds. */
export async function trimThrough(
  context: TrimContext,
  topic: string,
  throughId: bigint,
): Promise<void> {
  while (!(await trimStep(context, topic, throughId)));
}

/** Removes a topic with all that belongs to it. */
export async function deleteTopic(context: TrimContext, topic: string): Promise<void> {
  await existingTopic(context.states, topic)
  let done = false
  while (!done) {
    const { lastId } = await context.states.load(topic)
    await trimThrough(context, topic, lastId)
    let operations: StoreOperation[] = []
    await context.committer.commit({
      parts: [],
      bytes: queueBytesPerPayload,
      alone: true,
      prepare: async () => {
        const state = await context.states.load(topic)
        done = state.trimmed.sequence === state.lastSequence
        operations = done ? await remains(context.store, state) : []
      },
      operations: () => {
        if (done) context.forgetCursors(topic)
        return operations
      },
    })
  }
}

/** Removes at most `deletesPerBatch` blocks; true when nothing is left to remove. */
async function trimStep(context: TrimContext, topic: string, throughId: bigint): Promise<boolean> {
  let operations: StoreOperation[] = []
  let done = true
  await context.committer.commit({
    parts: [],
    bytes: queueBytesPerPayload,
    alone: true,
    prepare: async () => {
      const state = await context.states.load(topic)
      ;({ operations, done } = await planTrim(context, state, throughId))
    },
    operations: () => operations,
  })
  return done
}

async function planTrim(
  context: TrimContext,
  state: TopicState,
  throughId: bigint,
): Promise<{ operations: StoreOperation[]; done: boolean }> {
  const { store } = context
  const { record, topic } = state
  const through = throughId < state.lastId ? throughId : state.lastId
  if (record === undefined || through <= record.trimmed.id) {
    return { operations: await expiredProducers(context, topic), done: true }
  }
  const { keys, trimmed, done } = await gone(store, state, through)
  const commits = await withoutBlocks(
    store,
    topic,
    keys.map(({ lastId }) => lastId),
    context.lastId(),
  )
  const index = await staleIndex(context, state, trimmed.id)
  const operations: StoreOperation[] = [
    ...keys.map(({ key }): StoreOperation => ({ type: 'del', key })),
    ...commits,
    ...index,
    {
      type: 'put',
      key: store.keyspaces.topics.key(topic),
      value: encodeTopicRecord({ ...record, trimmed }),
    },
  ]
  if (!done || index.length === deletesPerBatch) return { operations, done: false }
  return { operations: [...operations, ...(await expiredProducers(context, topic))], done: true }
}

/** The next blocks all of whose events go, and what is trimmed once they are gone. */
async function gone(
  store: Store,
  state: TopicState,
  through: bigint,
): Promise<{ keys: { key: Uint8Array; lastId: bigint }[]; trimmed: Trimmed; done: boolean }> {
  const keys: { key: Uint8Array; lastId: bigint }[] = []
  let trimmed: Trimmed = { ...state.trimmed }
  for await (const [key, value] of store.scan(within(state.eventsPrefix))) {
    const { id: lastId } = store.keyspaces.events.topicAndId(key)
    if (lastId > through) {
      const block = decodeBlock(state.topic, key, value)
      const inBlock = through < block.firstId ? 0 : Number(through - block.firstId) + 1
      trimmed = { ...trimmed, id: through, sequence: block.firstSequence + inBlock - 1 }
      return { keys, trimmed, done: true }
    }
    keys.push({ key, lastId })
    const { lastSequence, bytes } = sizeOf(state, value)
    trimmed = { id: lastId, sequence: lastSequence, bytes: trimmed.bytes + bytes }
    if (keys.length === deletesPerBatch) return { keys, trimmed, done: false }
  }
  return { keys, trimmed: { ...trimmed, id: through, sequence: state.lastSequence }, done: true }
}

/** A block that is corrupt must be removable too: its size is then that of its bytes. */
function sizeOf(state: TopicState, value: Uint8Array): { lastSequence: number; bytes: number } {
  try {
    const block = Block.decode(state.topic, value)
    return { lastSequence: block.lastSequence, bytes: block.payloadBytes }
  } catch {
    return { lastSequence: state.trimmed.sequence, bytes: value.length }
  }
}

/** Entries of intervals before the one in which the remaining events begin. */
async function staleIndex(
  { store, intervalNs }: TrimContext,
  state: TopicState,
  trimmedId: bigint,
): Promise<StoreOperation[]> {
  const { gte } = within(state.indexPrefix)
  const lt = state.indexKey(intervalStart(trimmedId, intervalNs))
  const scan = store.scan({ gte, lt }, { keysOnly: true, limit: deletesPerBatch })
  const operations: StoreOperation[] = []
  for await (const [key] of scan) operations.push({ type: 'del', key })
  return operations
}

/** Producers of the topic that appended nothing for long. */
async function expiredProducers(context: TrimContext, topic: string): Promise<StoreOperation[]> {
  const { producers } = context.store.keyspaces
  const expired = context.now() - BigInt(producerExpiryMs) * 1_000_000n
  const operations: StoreOperation[] = []
  for await (const [key, value] of context.store.scan(within(producers.topicPrefix(topic)))) {
    const { last } = reading('producers', key, topic, () => new ProducerResults(value))
    if (last === undefined || last.firstId < expired) operations.push({ type: 'del', key })
    if (operations.length === deletesPerBatch) break
  }
  return operations
}

/** What is left of a topic whose events are all gone. */
async function remains(store: Store, state: TopicState): Promise<StoreOperation[]> {
  const { cursors, producers, topics } = store.keyspaces
  const operations: StoreOperation[] = [{ type: 'del', key: topics.key(state.topic) }]
  const prefixes = [
    state.eventsPrefix,
    state.indexPrefix,
    cursors.topicPrefix(state.topic),
    producers.topicPrefix(state.topic),
  ]
  for (const prefix of prefixes) {
    for await (const [key] of store.scan(within(prefix), { keysOnly: true })) {
      operations.push({ type: 'del', key })
    }
  }
  return operations
}

/** The holding cursor of a topic that stands first. */
async function firstHold(
  store: Store,
  topic: string,
): Promise<{ consumer: string; id: bigint } | undefined> {
  const { cursors } = store.keyspaces
  let first: { consumer: string; id: bigint } | undefined
  for await (const [key, value] of store.scan(within(cursors.topicPrefix(topic)))) {
    const { hold, id } = reading('cursors', key, topic, () => decodeCursorRecord(value))
    if (!hold || (first !== undefined && first.id <= id)) continue
    first = { consumer: cursors.names(key).name, id }
  }
  return first
}
