/**
 * What each topic keeps. Bounds are checked from time to time, and the oldest events beyond any of
 * them are trimmed.
 */
import type { Retention, TrimResult } from './topic-api.js'
import { checkNumber, checkOptions } from './arguments.js'
import type { Clock } from './clock.js'
import { ArgumentError, assert } from './errors.js'
import { within } from './keyspace.js'
import { describeValue } from './names.js'
import { idOfSequence } from './time-index.js'
import { existingTopic } from './topic-catalog.js'
import { decodeTopicRecord, encodeTopicRecord } from './topic-record.js'
import { decodeBlock } from './topic-scan.js'
import { reading } from './stored-entry.js'
import type { TopicState } from './topic-state.js'
import { type TrimContext, trimTopic } from './trim.js'

/** Throws ArgumentError for what is no retention. */
export function checkRetention(retention: Retention | null): Retention | null {
  if (retention === null) return null
  if (typeof retention !== 'object') {
    throw new ArgumentError(
      `Retention is { ageMs, bytes, count } or null; got ${describeValue(retention)}`,
    )
  }
  checkOptions(retention, ['ageMs', 'bytes', 'count'])
  const checked: Retention = {}
  for (const bound of ['ageMs', 'bytes', 'count'] as const) {
    if (retention[bound] === undefined) continue
    checked[bound] = checkNumber(bound, retention[bound], { default: 0, min: 1 })
  }
  if (Object.keys(checked).length === 0) {
    throw new ArgumentError('Retention has at least one bound; null means that all is kept')
  }
  return checked
}

/** Writes what a topic keeps. Rejects with GOETHE_TOPIC_NOT_FOUND. */
export async function storeRetention(
  { store, states, committer }: TrimContext,
  topic: string,
  retention: Retention | null,
): Promise<void> {
  const key = store.keyspaces.topics.key(topic)
  let value: Uint8Array | undefined
  await committer.commit({
    parts: [],
    bytes: key.length,
    alone: true,
    prepare: async () => {
      const { record } = await existingTopic(states, topic)
      assert(record !== undefined, 'an existing topic has a record')
      value = encodeTopicRecord({ ...record, retention })
    },
    operations: () => [{ type: 'put', key, value }],
  })
}

/** Up to which id a topic's events are beyond its bounds; undefined when none is. */
async function beyondRetention(
  context: TrimContext,
  state: TopicState,
): Promise<bigint | undefined> {
  const { record, trimmed, lastSequence } = state
  if (record?.retention == null || trimmed.sequence >= lastSequence) return undefined
  const { ageMs, bytes, count } = record.retention
  let through = trimmed.id
  const raise = (id: bigint): void => {
    if (id > through) through = id
  }
  if (ageMs !== undefined) raise(context.now() - BigInt(ageMs) * 1_000_000n)
  if (count !== undefined && lastSequence - trimmed.sequence > count) {
    const first = lastSequence - count + 1
    raise((await idOfSequence(context.store, state, context.intervalNs, first)) - 1n)
  }
  if (bytes !== undefined) raise(await beyondBytes(context, state, bytes))
  return through > trimmed.id ? through : undefined
}

/** Reads only blocks that are about to go: those at the start, until few enough bytes are left. */
async function beyondBytes(
  { store }: TrimContext,
  state: TopicState,
  bytes: number,
): Promise<bigint> {
  let excess = state.bytes - state.trimmed.bytes - bytes
  let through = state.trimmed.id
  if (excess <= 0) return through
  for await (const [key, value] of store.scan(within(state.eventsPrefix))) {
    const block = decodeBlock(state.topic, key, value)
    excess -= block.payloadBytes
    if (excess < 0) break
    through = block.lastId
  }
  return through
}

/** Keeps the topics of a log within their retention. */
export class RetentionSchedule {
  readonly #context: TrimContext
  readonly #clock: Clock
  readonly #intervalMs: number
  readonly #onTrim: (topic: string, result: TrimResult) => void
  readonly #onError: (error: unknown) => void
  /** Topics that have a retention; undefined until they were looked for. */
  #topics: Set<string> | undefined
  #cancel: (() => void) | undefined
  #running: Promise<void> | undefined
  #closed = false

  constructor(
    context: TrimContext,
    clock: Clock,
    intervalMs: number,
    on: {
      trim(topic: string, result: TrimResult): void
      error(error: unknown): void
    },
  ) {
    this.#context = context
    this.#clock = clock
    this.#intervalMs = intervalMs
    this.#onTrim = on.trim
    this.#onError = on.error
  }

  /** Trims from time to time, from now on. */
  start(): void {
    this.#schedule()
  }

  /** Notes that a topic got a retention, or lost it. */
  note(topic: string, retention: Retention | null): void {
    if (retention === null) this.#topics?.delete(topic)
    else this.#topics?.add(topic)
  }

  /** Trims every topic to its bounds now. */
  enforce(): Promise<void> {
    this.#running ??= this.#enforce().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** Resolves when a run under way has ended. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancel?.()
    await this.#running?.catch(() => undefined)
  }

  #schedule(): void {
    if (this.#closed) return
    const tick = (): void => {
      this.enforce()
        .catch(this.#onError)
        .finally(() => {
          this.#schedule()
        })
    }
    this.#cancel = this.#clock.setTimer(tick, this.#intervalMs, 'background')
  }

  async #enforce(): Promise<void> {
    this.#topics ??= await this.#find()
    for (const topic of this.#topics) {
      if (this.#closed) return
      const state = await this.#context.states.load(topic)
      const through = await beyondRetention(this.#context, state)
      if (through === undefined) continue
      const result = await trimTopic(this.#context, topic, through)
      if (result.count > 0) this.#onTrim(topic, result)
    }
  }

  async #find(): Promise<Set<string>> {
    const found = new Set<string>()
    const { topics } = this.#context.store.keyspaces
    for await (const [key, value] of this.#context.store.scan(topics.range())) {
      const topic = topics.text(key)
      const { retention } = reading('topics', key, topic, () => decodeTopicRecord(value))
      if (retention !== null) found.add(topic)
    }
    return found
  }
}
