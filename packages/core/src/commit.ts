/**
 * Plans one commit: which of the waiting appends are accepted, which ids and sequences their
 * events get, and which entries one atomic batch writes. Pure: it reads nothing, changes nothing
 * outside and knows no time but what it is given.
 *
 * Appends without a time of their own that stand together are grouped by topic, in the order in
 * which the topics come first, so that each topic gets one block with consecutive ids. Within a
 * topic the order is that of the calls. An append with a time stands for itself.
 */
import type { Expectation, Receipt } from './append-api.js'
import type { AppendPart, AppendRequest } from './append-part.js'
import { blockHeaderBytes, encodeBlock, payloadBytesInBlock } from './block.js'
import { encodeCommit } from './commit-record.js'
import { GoetheError, assert } from './errors.js'
import { conflict, meets } from './expectation.js'
import { IndexDraft } from './index-draft.js'
import { intervalStart } from './index-entry.js'
import type { Keyspaces } from './keyspace.js'
import { blockBytesMax } from './limits.js'
import { ProducerDraft } from './producer-draft.js'
import { producerName } from './producer-states.js'
import type { ProducerResults } from './producers.js'
import type { StoreOperation } from './store.js'
import { type OpenBlock, type Placed, TopicDraft, type TopicHead } from './topic-draft.js'
import { encodeTopicRecord, nothingTrimmed } from './topic-record.js'
import type { TopicState } from './topic-state.js'

export type Outcome = Receipt[] | GoetheError

export interface CommitContext {
  keyspaces: Keyspaces
  durability: Receipt['durability']
  intervalNs: bigint
  /** The wall clock, UNIX nanoseconds. */
  now: bigint
  /** The last id of the log. */
  lastId: bigint
  /** The state of every topic that a part names. */
  stateOf(topic: string): TopicState
  /** Where commits under way will leave a topic that they append to. */
  headUnderWay(topic: string): TopicHead | undefined
  /** The results of every producer that a part names, with those of commits under way. */
  producerResults(topic: string, producerId: string): ProducerResults
}

export interface CommitPlan {
  /** Empty when nothing was accepted. */
  operations: StoreOperation[]
  /** For each request, in order. */
  outcomes: Outcome[]
  lastId: bigint
  events: number
  bytes: number
  /** The topics that get events. */
  topics: readonly TopicDraft[]
  /** The new records of producers, by name. */
  producers: readonly (readonly [name: string, record: Uint8Array])[]
}

export function planCommit(requests: readonly AppendRequest[], context: CommitContext): CommitPlan {
  return new Planner(context).plan(requests)
}

/** A part that repeats one of this same commit, which is not placed yet. */
interface RepeatOf {
  part: AppendPart
  repeatOf: Placed
}

class Planner {
  readonly #context: CommitContext
  readonly #drafts = new Map<string, TopicDraft>()
  readonly #blocks: OpenBlock[] = []
  readonly #producers = new Map<string, ProducerDraft>()
  readonly #producerRecords: [name: string, record: Uint8Array][] = []
  #topics: readonly TopicDraft[] = []
  #run: TopicDraft[] = []
  #lastId: bigint
  #events = 0
  #bytes = 0

  constructor(context: CommitContext) {
    this.#context = context
    this.#lastId = context.lastId
  }

  plan(requests: readonly AppendRequest[]): CommitPlan {
    const accepted = requests.map((request) => this.#accept(request))
    this.#placeRun()
    return {
      operations: this.#blocks.length === 0 ? [] : this.#operations(),
      outcomes: accepted.map((outcome) => this.#outcome(outcome)),
      lastId: this.#lastId,
      events: this.#events,
      bytes: this.#bytes,
      topics: this.#topics,
      producers: this.#producerRecords,
    }
  }

  #accept(request: AppendRequest): (Placed | RepeatOf)[] | Refusal {
    const { parts } = request
    const repeated = this.#repeated(parts)
    if (repeated !== undefined) return repeated
    for (const part of parts) {
      if (part.expect === undefined) continue
      const draft = this.#draft(part.topic)
      if (!meets(part.expect, draft)) return { expect: part.expect, draft }
    }
    return parts.map((part) => this.#take(part))
  }

  /** What the producer got the first time when it repeats itself, or its mistake. */
  #repeated(parts: readonly AppendPart[]): (Placed | RepeatOf)[] | Refusal | undefined {
    if (!parts.some(isProduced)) return undefined
    const repeats: (Placed | RepeatOf)[] = []
    const taken = new Map<ProducerDraft, number>()
    for (const part of parts) {
      if (part.producer === undefined) continue
      const { id, sequence } = part.producer
      const producer = this.#producer(part.topic, id)
      const checked = producer.check(sequence, taken.get(producer))
      if (checked === 'new') taken.set(producer, sequence)
      if (checked instanceof GoetheError) return { error: checked }
      if (checked === 'new') continue
      repeats.push(
        'part' in checked ? { part, repeatOf: checked } : { part, ...checked, repeated: true },
      )
    }
    if (repeats.length === 0) return undefined
    if (repeats.length === parts.length) return repeats
    return {
      error: new GoetheError(
        'GOETHE_PRODUCER_SEQUENCE',
        'Some parts of this appendAll were appended before and others were not; repeat the same ' +
          'parts with the same producer sequences',
      ),
    }
  }

  #take(part: AppendPart): Placed {
    const draft = this.#draft(part.topic)
    const count = part.payloads.length
    const firstSequence = draft.plannedSequence + 1
    const placed: Placed = { part, firstId: 0n, firstSequence, count, repeated: false }
    draft.plannedSequence += count
    if (part.time === undefined) {
      if (draft.run.length === 0) this.#run.push(draft)
      draft.run.push(placed)
    } else {
      this.#placeRun()
      this.#place(draft, placed, part.time)
    }
    if (part.producer !== undefined) {
      this.#producer(part.topic, part.producer.id).take(part.producer.sequence, placed)
    }
    return placed
  }

  #placeRun(): void {
    for (const draft of this.#run) {
      for (const placed of draft.run) this.#place(draft, placed, this.#context.now)
      draft.run.length = 0
    }
    this.#run = []
  }

  /** Gives a part its ids: the time's, or those after the last one of the log. */
  #place(draft: TopicDraft, placed: Placed, time: bigint): void {
    const next = this.#lastId + 1n
    const firstId = time > next ? time : next
    const { payloads } = placed.part
    placed.firstId = firstId
    assert(placed.firstSequence === draft.lastSequence + 1, 'sequences of a topic are dense')
    let block = draft.block
    if (block !== undefined && (firstId !== next || draft.lastId !== this.#lastId)) {
      block = undefined
    }
    for (let index = 0; index < payloads.length; index++) {
      const payload = payloads[index]!
      const size = payloadBytesInBlock(payload.length)
      if (block === undefined || block.room === 0 || block.sizeBytes + size > blockBytesMax) {
        block = this.#open(draft, firstId + BigInt(index), placed.firstSequence + index)
      }
      block.payloads.push(payload)
      block.sizeBytes += size
      block.room--
      draft.bytes += payload.length
      this.#bytes += payload.length
    }
    draft.block = block
    draft.lastSequence += payloads.length
    draft.lastId = payloads.length === 1 ? firstId : firstId + BigInt(payloads.length - 1)
    this.#lastId = draft.lastId
    this.#events += payloads.length
  }

  #open(draft: TopicDraft, firstId: bigint, firstSequence: number): OpenBlock {
    const { intervalNs } = this.#context
    const room = Number(intervalStart(firstId, intervalNs) + intervalNs - firstId)
    const block: OpenBlock = {
      draft,
      firstId,
      firstSequence,
      payloads: [],
      sizeBytes: blockHeaderBytes,
      room,
    }
    this.#blocks.push(block)
    return block
  }

  #operations(): StoreOperation[] {
    const { keyspaces, intervalNs } = this.#context
    const operations: StoreOperation[] = []
    const blocks: StoreOperation[] = []
    const names = []
    const index = new Map<TopicDraft, IndexDraft>()
    for (const { draft, firstId, firstSequence, payloads, sizeBytes } of this.#blocks) {
      const { state } = draft
      const lastId = firstId + BigInt(payloads.length - 1)
      blocks.push({
        type: 'put',
        key: state.eventKey(lastId),
        value: encodeBlock(firstId, firstSequence, payloads, sizeBytes),
      })
      names.push({ topic: state.topic, lastId })
      let entries = index.get(draft)
      if (entries === undefined)
        index.set(draft, (entries = new IndexDraft(state, draft.bytesBefore)))
      entries.add(intervalStart(firstId, intervalNs), lastId, firstSequence, payloads, operations)
    }
    for (const [draft, entries] of index) {
      entries.flush(operations)
      const { state } = draft
      if (draft.exists) continue
      const createdId = entries.firstId
      const record = { createdId, retention: null, trimmed: nothingTrimmed }
      const key = keyspaces.topics.key(state.topic)
      operations.push({ type: 'put', key, value: encodeTopicRecord(record) })
    }
    this.#topics = [...index.keys()]
    for (const [name, producer] of this.#producers) {
      const value = producer.record()
      if (value === undefined) continue
      this.#producerRecords.push([name, value])
      const key = keyspaces.producers.nameKey(producer.topic, producer.producerId)
      operations.push({ type: 'put', key, value })
    }
    const key = keyspaces.commits.idKey(this.#lastId)
    operations.push({ type: 'put', key, value: encodeCommit(names) })
    // Large entries behind small ones: LevelDB's batch would grow, and copy them, once more.
    for (const block of blocks) operations.push(block)
    return operations
  }

  #outcome(outcome: (Placed | RepeatOf)[] | Refusal): Outcome {
    if (!Array.isArray(outcome)) {
      return 'error' in outcome ? outcome.error : conflict(outcome.expect, outcome.draft)
    }
    return outcome.map((item) =>
      'repeatOf' in item
        ? this.#receipt({ ...item.repeatOf, repeated: true })
        : this.#receipt(item),
    )
  }

  #receipt({ part, firstId, firstSequence, count, repeated }: Placed): Receipt {
    return {
      topic: part.topic,
      firstId,
      lastId: count === 1 ? firstId : firstId + BigInt(count - 1),
      firstSequence,
      lastSequence: firstSequence + count - 1,
      count,
      durability: this.#context.durability,
      repeated,
    }
  }

  #draft(topic: string): TopicDraft {
    let draft = this.#drafts.get(topic)
    if (draft === undefined) {
      draft = new TopicDraft(this.#context.stateOf(topic), this.#context.headUnderWay(topic))
      this.#drafts.set(topic, draft)
    }
    return draft
  }

  #producer(topic: string, id: string): ProducerDraft {
    const key = producerName(topic, id)
    let producer = this.#producers.get(key)
    if (producer === undefined) {
      producer = new ProducerDraft(topic, id, this.#context.producerResults(topic, id))
      this.#producers.set(key, producer)
    }
    return producer
  }
}

type Refusal = { expect: Expectation; draft: TopicDraft } | { error: GoetheError }

function isProduced({ producer }: AppendPart): boolean {
  return producer !== undefined
}
