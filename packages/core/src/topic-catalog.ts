import type { TopicDescription, TopicsOptions } from './topic-api.js'
import { checkOptions, checkPageLimit } from './arguments.js'
import { dateOf } from './clock.js'
import { GoetheError } from './errors.js'
import { compareBytes } from './keyspace.js'
import { nameBytes } from './names.js'
import type { Store } from './store.js'
import { TopicScan, onceOf } from './topic-scan.js'
import type { TopicState, TopicStates } from './topic-state.js'

/** Names of topics in the order of their bytes, from behind `after`. */
export async function topicNames(
  store: Store,
  prefix: string,
  after: string | undefined,
  limit: number,
): Promise<string[]> {
  const { topics } = store.keyspaces
  const range = prefix === '' ? topics.range() : topics.rangeOf(prefix)
  const afterKey = after === undefined ? undefined : topics.key(after)
  const from =
    afterKey === undefined || compareBytes(afterKey, range.gte!) < 0
      ? range
      : { gt: afterKey, lt: range.lt! }
  const names: string[] = []
  for await (const [key] of store.scan(from, { limit, keysOnly: true })) {
    names.push(topics.text(key))
  }
  return names
}

/** The states of all topics with a prefix, one after the other. */
export async function* statesOf(
  store: Store,
  states: TopicStates,
  prefix: string,
): AsyncGenerator<TopicState> {
  const { topics } = store.keyspaces
  const range = prefix === '' ? topics.range() : topics.rangeOf(prefix)
  for await (const [key] of store.scan(range, { keysOnly: true })) {
    yield await states.load(topics.text(key))
  }
}

/** Rejects with GOETHE_TOPIC_NOT_FOUND when the topic does not exist. */
export async function existingTopic(states: TopicStates, topic: string): Promise<TopicState> {
  const state = await states.load(topic)
  if (state.record === undefined) {
    throw new GoetheError('GOETHE_TOPIC_NOT_FOUND', `There is no topic '${topic}'`, {
      details: { topic },
    })
  }
  return state
}

export async function describeTopic(store: Store, state: TopicState): Promise<TopicDescription> {
  const { topic, lastId, lastSequence, bytes, trimmed } = state
  const scan = new TopicScan(store, state, 0n, undefined, 1)
  const [range] = await onceOf(scan)
  const first = range && {
    id: range.block.firstId + BigInt(range.from),
    sequence: range.block.firstSequence + range.from,
  }
  return {
    topic,
    createdAt: dateOf(state.record?.createdId ?? 0n),
    first: first && { ...first, time: dateOf(first.id) },
    last: { id: lastId, sequence: lastSequence, time: dateOf(lastId) },
    count: lastSequence - trimmed.sequence,
    bytes: bytes - trimmed.bytes,
    retention: state.record?.retention ?? null,
  }
}

/** Throws ArgumentError for wrong options of `topics`. */
export function checkTopics(options: TopicsOptions): {
  prefix: string
  after: string | undefined
  limit: number
} {
  checkOptions(options, ['prefix', 'after', 'limit'])
  const { prefix = '', after } = options
  if (prefix !== '') nameBytes('topic', prefix)
  if (after !== undefined) nameBytes('topic', after)
  return { prefix, after, limit: checkPageLimit(options.limit) }
}
