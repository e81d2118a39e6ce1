import { describe, expect, it } from 'vitest'
import { LogModel, type ModelPart } from '../tests-support/log-model.js'
import type { Random } from '../tests-support/random.js'
import { assertForSeeds, randomTimeout } from '../tests-support/seeds.js'
import type { Receipt } from './append-api.js'
import type { AppendPart } from './append-part.js'
import { Block, blockHeaderBytes, payloadBytesInBlock } from './block.js'
import { decodeCommit } from './commit-record.js'
import { type CommitPlan, planCommit } from './commit.js'
import { decodeIndexEntry } from './index-entry.js'
import { keyspaces, trailingId } from './keyspace.js'
import { blockBytesMax } from './limits.js'
import { ProducerResults } from './producers.js'
import type { Store } from './store.js'
import { decodeTopicRecord } from './topic-record.js'
import { TopicState } from './topic-state.js'

const spaces = keyspaces('')
const topics = ['a', 'b', 'c']

/** A log that has nothing but planned commits, taken apart as they come. */
class PlannedLog {
  readonly states = new Map<string, TopicState>()
  readonly producers = new Map<string, ProducerResults>()
  readonly blocks = new Map<string, Block[]>()
  readonly index = new Map<string, string>()
  readonly intervalNs: bigint
  lastId = 0n

  constructor(intervalNs: bigint) {
    this.intervalNs = intervalNs
  }

  state(topic: string): TopicState {
    const known = this.states.get(topic)
    if (known !== undefined) return known
    const state = new TopicState(topic, { keyspaces: spaces } as Store)
    this.states.set(topic, state)
    return state
  }

  plan(requests: { parts: AppendPart[] }[], now: bigint): CommitPlan {
    return planCommit(requests, {
      keyspaces: spaces,
      durability: 'memory',
      intervalNs: this.intervalNs,
      now,
      lastId: this.lastId,
      stateOf: (topic) => this.state(topic),
      headUnderWay: () => undefined,
      producerResults: (topic, id) => this.producers.get(`${topic}:${id}`) ?? ProducerResults.none,
    })
  }

  /** Takes a plan over and gives its blocks in the order of their ids. */
  apply(plan: CommitPlan): Block[] {
    const fresh: Block[] = []
    const keys = new Set<string>()
    let named: string[] | undefined
    for (const operation of plan.operations) {
      expect(operation.type).toBe('put')
      const { key, value } = operation as unknown as { key: Uint8Array; value: Uint8Array }
      const name = Buffer.from(key).toString('hex')
      expect(keys.has(name)).toBe(false)
      keys.add(name)
      if (spaces.events.owns(key)) {
        const { topic, id } = spaces.events.topicAndId(key)
        const block = Block.decode(topic, value)
        expect(block.lastId).toBe(id)
        fresh.push(block)
        this.blocks.set(topic, [...(this.blocks.get(topic) ?? []), block])
      } else if (spaces.commits.owns(key)) {
        expect(trailingId(key)).toBe(plan.lastId)
        named = decodeCommit(value).map(({ topic, lastId }) => `${topic} ${lastId}`)
      } else if (spaces.index.owns(key)) {
        const { topic, id } = spaces.index.topicAndId(key)
        const { lastId, lastSequence, bytes } = decodeIndexEntry(value)
        this.index.set(`${topic} ${id}`, `${lastId} ${lastSequence} ${bytes}`)
        const state = this.state(topic)
        state.bytes = Math.max(state.bytes, bytes)
      } else if (spaces.topics.owns(key)) {
        const state = this.state(spaces.topics.text(key))
        expect(state.record).toBeUndefined()
        state.record = decodeTopicRecord(value)
      } else {
        const { topic, name: id } = spaces.producers.names(key)
        this.producers.set(`${topic}:${id}`, new ProducerResults(value))
      }
    }
    fresh.sort((first, second) => (first.firstId < second.firstId ? -1 : 1))
    expect(named ?? []).toEqual(fresh.map(({ topic, lastId }) => `${topic} ${lastId}`))
    for (const { topic, lastId, lastSequence } of fresh) {
      Object.assign(this.state(topic), { lastId, lastSequence })
    }
    this.lastId = plan.lastId
    return fresh
  }
}

describe('a commit', () => {
  it('is planned as the dumb model of a log decides', { timeout: randomTimeout }, async () => {
    await assertForSeeds(40, async (random) => {
      // Hours, or so short that they end within a block.
      const log = new PlannedLog(random.pick([3_600_000_000_000n, 1000n, 7n]))
      const model = new LogModel()
      let now = 1_000_000_000_000n
      for (let round = 0; round < 6; round++) {
        now += BigInt(random.pick([0, 1, 5, 1000, -500, 4e12]))
        const knownIds = new Map(
          [...log.states].map(([topic, { lastId }]) => [topic, lastId] as const),
        )
        const requests = Array.from({ length: random.int(1, 8) }, () => request(random, log, now))
        const outcomes = requests.map((parts) => model.accept(parts, knownIds))
        const before = log.lastId
        const plan = log.plan(
          requests.map((parts) => ({ parts: parts.map(complete) })),
          now,
        )
        const blocks = log.apply(plan)
        for (const [at, outcome] of outcomes.entries()) {
          const planned = plan.outcomes[at]!
          if (typeof outcome === 'string') {
            expect('code' in planned && planned.code).toBe(outcome)
            continue
          }
          expect((planned as Receipt[]).map(comparable)).toEqual(outcome)
          for (const receipt of planned as Receipt[]) if (!receipt.repeated) model.learn(receipt)
        }
        checkBlocks(blocks, before, log.intervalNs)
        checkRuns(requests, blocks)
        checkLog(log, model)
        expect(plan.events).toBe(blocks.reduce((sum, { count }) => sum + count, 0))
        expect(plan.bytes).toBe(blocks.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0))
      }
    })
  })
})

function request(random: Random, log: PlannedLog, now: bigint): ModelPart[] {
  const all = random.chance(0.3)
  const withProducer = random.chance(0.3)
  const some = random.shuffle(topics).slice(0, all ? random.int(1, 3) : 1)
  return some.map((topic) => {
    const large = random.chance(0.1)
    const count = random.chance(0.1) ? 40 : random.int(1, 3)
    const payloads = Array.from({ length: count }, () =>
      random.bytes(large ? random.pick([blockBytesMax + 1, blockBytesMax / 2]) : random.int(0, 9)),
    )
    const part: ModelPart = { topic, payloads: large ? payloads.slice(0, 3) : payloads }
    const { lastSequence, lastId } = log.state(topic)
    if (random.chance(0.3)) {
      part.expect = random.pick(['empty', lastSequence, lastSequence + 1, lastId, 1n] as const)
    }
    if (withProducer) {
      const id = random.pick(['p', 'q'])
      const last = log.producers.get(`${topic}:${id}`)?.last?.producerSequence ?? 0
      part.producer = { id, sequence: Math.max(last + random.pick([1, 1, 1, 2, 2, 0, -1]), 0) }
    }
    if (random.chance(0.15)) part.time = now + BigInt(random.pick([0, 3, 2000, -9999]))
    return part
  })
}

function complete({ topic, payloads, expect: state, producer, time }: ModelPart): AppendPart {
  return { topic, payloads, expect: state, producer, time }
}

function comparable({ topic, firstSequence, count, repeated }: Receipt): object {
  return { topic, firstSequence, count, repeated }
}

/** Ids ascend, blocks are cut where they must be and nowhere else. */
function checkBlocks(blocks: readonly Block[], before: bigint, interval: bigint): void {
  let last = before
  for (const [at, block] of blocks.entries()) {
    expect(block.firstId).toBeGreaterThan(last)
    last = block.lastId
    expect(block.firstId / interval).toBe(block.lastId / interval)
    if (block.count > 1) expect(block.bytes.length).toBeLessThanOrEqual(blockBytesMax)
    const next = blocks[at + 1]
    const isAdjacent = next?.topic === block.topic && next.firstId === block.lastId + 1n
    if (!isAdjacent || next.firstId / interval !== block.lastId / interval) continue
    const first = payloadBytesInBlock(next.events()[0]!.payload.length)
    expect(block.bytes.length + first).toBeGreaterThan(blockBytesMax)
    expect(block.bytes.length).toBeGreaterThan(blockHeaderBytes)
  }
}

/** Without times of their own, a topic's events of one commit have consecutive ids. */
function checkRuns(requests: readonly ModelPart[][], blocks: readonly Block[]): void {
  if (requests.flat().some(({ time }) => time !== undefined)) return
  for (const topic of topics) {
    const own = blocks.filter((block) => block.topic === topic)
    for (const [at, block] of own.entries()) {
      if (at > 0) expect(block.firstId).toBe(own[at - 1]!.lastId + 1n)
    }
  }
}

/** All that was ever planned is what the model holds, and the index says where it lies. */
function checkLog(log: PlannedLog, model: LogModel): void {
  const index = new Map<string, string>()
  for (const topic of topics) {
    const events = (log.blocks.get(topic) ?? []).flatMap((block) => block.events())
    const expected = model.topic(topic).events
    expect(events.map(({ id, sequence }) => `${id} ${sequence}`)).toEqual(
      expected.map(({ id, sequence }) => `${id} ${sequence}`),
    )
    let bytes = 0
    for (const [at, { id, sequence, payload }] of events.entries()) {
      if (Buffer.compare(payload, expected[at]!.payload) !== 0) expect(at).toBe('the same bytes')
      bytes += payload.length
      index.set(`${topic} ${id - (id % log.intervalNs)}`, `${id} ${sequence} ${bytes}`)
    }
    expect(log.state(topic).record?.createdId).toBe(events[0]?.id)
  }
  expect(log.index).toEqual(index)
}
