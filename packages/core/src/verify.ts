/**
 * Checks a whole store against itself. Each phase walks one sublevel in order, so that memory does
 * not grow with the log; what cannot be read is a problem like any other, and checking goes on
 * behind it. Where the store has snapshots, all phases look at the same moment.
 */
import type { AbortSignalLike } from './abort-signal.js'
import type { VerifyStep } from './upkeep-api.js'
import { Block, BlockError } from './block.js'
import { indexEntriesOf } from './block-index.js'
import { decodeCommit } from './commit-record.js'
import { type CursorRecord, decodeCursorRecord } from './cursor-record.js'
import { type IndexEntry, decodeIndexEntry } from './index-entry.js'
import { type Keyspaces, appendId, trailingId } from './keyspace.js'
import { ProducerResults } from './producers.js'
import { RecordError } from './record.js'
import type { Store } from './store.js'
import type { StoreEntry } from './store-scan.js'
import { type TopicRecord, decodeTopicRecord, nothingTrimmed } from './topic-record.js'
import { type Problem, VerifyReads, problem } from './verify-reads.js'

/** See `EventLog.verify`. */
export async function* verifyLog(
  store: Store,
  intervalNs: bigint,
  signal: AbortSignalLike | undefined,
): AsyncGenerator<VerifyStep, undefined> {
  const reads = new VerifyReads(store, signal)
  const verifier = new Verifier(reads, store.keyspaces, intervalNs)
  try {
    yield* verifier.events()
    yield* verifier.commits()
    yield* verifier.index()
    yield* verifier.cursors()
    yield* verifier.records()
    yield* reads.unreadable()
  } finally {
    await reads.close()
  }
  return undefined
}

/** What the walk over a topic's blocks has come to. */
interface TopicWalk {
  topic: string
  record: TopicRecord | undefined
  lastId: bigint
  lastSequence: number
  bytes: number
  /** Index entries that the last interval's blocks ask for, not compared yet. */
  pending: (IndexEntry & { start: bigint }) | undefined
}

class Verifier {
  readonly #reads: VerifyReads
  readonly #keyspaces: Keyspaces
  readonly #intervalNs: bigint
  #known: { topic: string; record: Promise<TopicRecord | undefined> } | undefined
  #blocks = 0
  #named = 0

  constructor(reads: VerifyReads, keyspaces: Keyspaces, intervalNs: bigint) {
    this.#reads = reads
    this.#keyspaces = keyspaces
    this.#intervalNs = intervalNs
  }

  async *events(): AsyncGenerator<VerifyStep> {
    const { events } = this.#keyspaces
    let walk: TopicWalk | undefined
    for await (const entry of this.#reads.walk(events, 'events')) {
      if (!Array.isArray(entry)) {
        yield entry
        continue
      }
      const [key, value] = entry
      const { topic, id } = events.topicAndId(key)
      if (walk?.topic !== topic) {
        if (walk !== undefined) yield* this.#compareIndex(walk)
        walk = await this.#beginTopic(topic)
        if (walk.record === undefined) {
          yield problem('topics', topic, key, 'The topic has events but no record of its own')
        }
      }
      this.#blocks++
      yield* this.#block(walk, key, id, value)
    }
    if (walk !== undefined) yield* this.#compareIndex(walk)
  }

  async *commits(): AsyncGenerator<VerifyStep> {
    const { commits } = this.#keyspaces
    yield* this.#reads.each(commits, 'commits', (entry) => this.#commitProblems(entry))
    if (this.#named !== this.#blocks) yield* this.#unnamedBlocks()
  }

  index(): AsyncGenerator<VerifyStep> {
    const { index } = this.#keyspaces
    return this.#reads.each(index, 'index', (entry) => this.#indexProblems(entry))
  }

  cursors(): AsyncGenerator<VerifyStep> {
    const { cursors } = this.#keyspaces
    return this.#reads.each(cursors, 'cursors', async ([key, value]) => {
      const { topic, name } = cursors.names(key)
      const record = decoded(() => decodeCursorRecord(value))
      if (record instanceof Error) {
        return [problem('cursors', topic, key, `The cursor cannot be read: ${record.message}`)]
      }
      const message = await this.#cursorProblem(topic, record)
      if (message === undefined) return []
      return [problem('cursors', topic, key, `The cursor of '${name}' ${message}`)]
    })
  }

  async *records(): AsyncGenerator<VerifyStep> {
    const { topics, producers } = this.#keyspaces
    for await (const entry of this.#reads.walk(topics, 'records')) {
      if (!Array.isArray(entry)) {
        yield entry
        continue
      }
      const record = decoded(() => decodeTopicRecord(entry[1]))
      if (!(record instanceof Error)) continue
      const topic = topics.text(entry[0])
      yield problem('topics', topic, entry[0], `The record cannot be read: ${record.message}`)
    }
    for await (const entry of this.#reads.walk(producers, 'records')) {
      if (!Array.isArray(entry)) {
        yield entry
        continue
      }
      const results = decoded(() => new ProducerResults(entry[1]).all())
      if (!(results instanceof Error)) continue
      const { topic, name } = producers.names(entry[0])
      const message = `The results of producer '${name}' cannot be read: ${results.message}`
      yield problem('producers', topic, entry[0], message)
    }
  }

  async #commitProblems([key, value]: StoreEntry): Promise<Problem[]> {
    const { events } = this.#keyspaces
    const names = decoded(() => decodeCommit(value))
    if (names instanceof Error) {
      return [problem('commits', undefined, key, `The commit cannot be read: ${names.message}`)]
    }
    const problems: Problem[] = []
    let before = 0n
    for (const { topic, lastId } of names) {
      this.#named++
      if (lastId <= before || lastId > trailingId(key)) {
        const message = 'The commit does not name its blocks in order'
        problems.push(problem('commits', topic, key, message))
      }
      before = lastId
      const block = await this.#reads.get(appendId(events.topicPrefix(topic), lastId))
      if (block !== undefined) continue
      const message = `The commit names block ${lastId}, which is missing`
      problems.push(problem('commits', topic, key, message))
    }
    return problems
  }

  async #indexProblems([key, value]: StoreEntry): Promise<Problem[]> {
    const { index, events } = this.#keyspaces
    const { topic, id: start } = index.topicAndId(key)
    const read = decoded(() => decodeIndexEntry(value))
    if (read instanceof Error) {
      return [problem('index', topic, key, `The index entry cannot be read: ${read.message}`)]
    }
    const problems: Problem[] = []
    if (read.lastId < start || read.lastId >= start + this.#intervalNs) {
      const message = 'The index entry names an event of another interval'
      problems.push(problem('index', topic, key, message))
    }
    const record = await this.#record(topic)
    if (record !== undefined && read.lastId <= record.trimmed.id) return problems
    const gte = appendId(events.topicPrefix(topic), read.lastId)
    const block = await this.#reads.first({ gte, lt: events.rangeOf(`${topic}:`).lt! })
    const held = block && decoded(() => Block.decode(topic, block[1]))
    // A block that cannot be read was reported with the events.
    if (held === undefined || (held instanceof Block && held.firstId > read.lastId)) {
      const message = `The index names event ${read.lastId}, which is missing`
      problems.push(problem('index', topic, key, message))
    }
    return problems
  }

  async *#block(
    walk: TopicWalk,
    key: Uint8Array,
    id: bigint,
    value: Uint8Array,
  ): AsyncGenerator<VerifyStep> {
    const block = decoded(() => {
      const read = Block.decode(walk.topic, value)
      read.events()
      return read
    })
    if (block instanceof Error) {
      yield problem('events', walk.topic, key, `The block cannot be read: ${block.message}`)
      // Where the next block goes on is taken from itself.
      walk.lastSequence = -1
      return
    }
    if (block.lastId !== id) {
      yield problem('events', walk.topic, key, `The block ends with event ${block.lastId}`)
    }
    const expected = walk.lastSequence + 1
    const begins = block.firstSequence
    const partlyTrimmed =
      begins <= expected && block.lastSequence >= expected - 1 && walk.lastId === 0n
    if (walk.lastSequence >= 0 && begins !== expected && !partlyTrimmed) {
      const message = `The block begins with sequence ${begins} where ${expected} should follow`
      yield problem('events', walk.topic, key, message)
    }
    if (block.firstId <= walk.lastId) {
      yield problem('events', walk.topic, key, 'The block overlaps the one before it')
    }
    for (const entry of indexEntriesOf(block, this.#intervalNs, walk.bytes)) {
      if (walk.pending !== undefined && walk.pending.start !== entry.start) {
        yield* this.#compareIndex(walk)
      }
      walk.pending = entry
      walk.bytes = entry.bytes
    }
    walk.lastId = block.lastId
    walk.lastSequence = block.lastSequence
  }

  /** Whether the index has what the blocks of an interval ask for, once all of them were seen. */
  async *#compareIndex({ topic, pending, lastSequence }: TopicWalk): AsyncGenerator<VerifyStep> {
    if (pending === undefined) return
    const { index } = this.#keyspaces
    const key = appendId(index.topicPrefix(topic), pending.start)
    const value = await this.#reads.get(key)
    const stored = value && decoded(() => decodeIndexEntry(value))
    if (stored === undefined) {
      yield problem('index', topic, key, 'The index entry of an interval with events is missing')
      return
    }
    // What cannot be read is reported with the index; behind a corrupt block bytes do not add up.
    if (stored instanceof Error || lastSequence < 0) return
    if (stored.lastId !== pending.lastId || stored.lastSequence !== pending.lastSequence) {
      const message = `The index says that the interval ends with event ${stored.lastId}, not ${pending.lastId}`
      yield problem('index', topic, key, message)
    }
  }

  async #cursorProblem(topic: string, record: CursorRecord): Promise<string | undefined> {
    const { topics, events } = this.#keyspaces
    if (record.sequence === 0 && record.acknowledged.length === 0) return undefined
    const topicRecord = await this.#reads.get(topics.key(topic))
    if (topicRecord === undefined) return 'is of a topic that is missing'
    const last = await this.#reads.first(events.rangeOf(`${topic}:`), true)
    if (last === undefined) return undefined
    const { id } = events.topicAndId(last[0])
    const block = decoded(() => Block.decode(topic, last[1]))
    if (block instanceof Error) return undefined
    if (record.id > id || record.sequence > block.lastSequence) {
      return `stands at sequence ${record.sequence}, but the last one is ${block.lastSequence}`
    }
    let before = record.sequence
    for (const { from, to } of record.acknowledged) {
      if (from <= before + 1 || to < from) return 'has acknowledgements that are not in order'
      if (to > block.lastSequence) return `has acknowledged ${to}, behind the topic's end`
      before = to
    }
    return undefined
  }

  /** Looks for the blocks that no commit names, once their number does not add up. */
  async *#unnamedBlocks(): AsyncGenerator<VerifyStep> {
    const { events, commits } = this.#keyspaces
    for await (const entry of this.#reads.walk(events, 'commits')) {
      if (!Array.isArray(entry)) {
        yield entry
        continue
      }
      const [key] = entry
      const { topic, id } = events.topicAndId(key)
      const found = await this.#reads.first({ gte: commits.idKey(id), lt: commits.range().lt! })
      const names = found && decoded(() => decodeCommit(found[1]))
      if (names instanceof Error) continue
      if (names?.some((name) => name.topic === topic && name.lastId === id)) continue
      yield problem('events', topic, key, 'No commit names this block')
    }
  }

  async #beginTopic(topic: string): Promise<TopicWalk> {
    const record = await this.#record(topic)
    const { sequence, bytes } = record?.trimmed ?? nothingTrimmed
    return { topic, record, lastId: 0n, lastSequence: sequence, bytes, pending: undefined }
  }

  /** Entries come topic by topic, so that of the topic before is known; if it cannot have changed. */
  #record(topic: string): Promise<TopicRecord | undefined> {
    if (!this.#reads.isOfOneMoment) return this.#readRecord(topic)
    if (this.#known?.topic !== topic) this.#known = { topic, record: this.#readRecord(topic) }
    return this.#known.record
  }

  async #readRecord(topic: string): Promise<TopicRecord | undefined> {
    const value = await this.#reads.get(this.#keyspaces.topics.key(topic))
    const record = value && decoded(() => decodeTopicRecord(value))
    return record instanceof Error ? undefined : record
  }
}

function decoded<T>(decode: () => T): T | BlockError | RecordError {
  try {
    return decode()
  } catch (error) {
    if (error instanceof BlockError || error instanceof RecordError) return error
    throw error
  }
}
