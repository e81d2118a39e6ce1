/**
 * Does random things to an event log and to a model of it, and holds one against the other. A seed
 * gives the same things in the same order.
 */
import type { MemoryLevel } from 'memory-level'
import { expect } from 'vitest'
import {
  type Cursor,
  type Database,
  EventLog,
  type Interval,
  type LogEvent,
  type Position,
  type Receipt,
  type TopicSelector,
  isGoetheError,
} from '../src/index.js'
import { type ManualClock, manualClock } from '../src/testing.js'
import { LogModel, type ModelEvent, type ModelOutcome, type ModelPart, names } from './log-model.js'
import { problemsOf } from './problems.js'
import type { Random } from './random.js'

const topicNames = ['a', 'a.b', 'ab', 'b', 'ä\u{1F40E}', 'z'.repeat(255)]
const consumerNames = ['reader', 'a']
const producerNames = ['p', 'q']
const intervals: Interval[] = ['1m', '15m', '1h', '1d', '1w']
const hour = 3_600_000

export interface MachineOptions {
  random: Random
  open(): Database
  /** An empty store for a copy of the log. */
  openCopy(): MemoryLevel
  steps: number
}

interface Follower {
  selector: TopicSelector
  iterator: Pick<AsyncIterator<LogEvent>, 'next' | 'return'>
  expected: ModelEvent[]
}

interface OwnedCursor {
  topic: string
  consumer: string
  cursor: Cursor
  hold: boolean | undefined
  owns: boolean
  /** It read or committed before: then it does not take the cursor over by itself. */
  used: boolean
}

export class LogMachine {
  readonly #random: Random
  readonly #options: MachineOptions
  readonly #clock: ManualClock = manualClock()
  readonly #model = new LogModel()
  #log!: EventLog
  #followers: Follower[] = []
  #cursors: OwnedCursor[] = []
  /** What was done, for who has to find out why it failed. */
  readonly history: string[] = []

  constructor(options: MachineOptions) {
    this.#options = options
    this.#random = options.random
  }

  async run(): Promise<void> {
    const steps: [weight: number, step: () => Promise<void>][] = [
      [30, () => this.#appendBurst()],
      [20, () => this.#checkRead()],
      [10, () => this.#checkSeek()],
      [8, () => this.#moveClock()],
      [6, () => this.#trim()],
      [2, () => this.#retain()],
      [2, () => this.#deleteTopic()],
      [3, () => this.#reopen()],
      [5, () => this.#follow()],
      [10, () => this.#useCursor()],
      [5, () => this.#checkDescriptions()],
      [1, () => this.#copy()],
    ]
    const total = steps.reduce((sum, [weight]) => sum + weight, 0)
    await this.#open()
    try {
      for (let count = 0; count < this.#options.steps; count++) {
        let at = this.#random.int(0, total - 1)
        const [, step] = steps.find(([weight]) => (at -= weight) < 0)!
        await soon(step(), 'step')
        await soon(this.#drainFollowers(), 'drain')
      }
      await this.#checkAll()
    } catch (error) {
      throw new Error(
        `${(error as Error).message}\nafter:\n  ${this.history.slice(-25).join('\n  ')}`,
        { cause: error },
      )
    } finally {
      await this.#log.close()
    }
  }

  async #open(interval?: Interval): Promise<void> {
    this.#log = await EventLog.open(this.#options.open(), {
      clock: this.#clock,
      durability: 'os',
      retentionIntervalMs: 1e12,
      recentBytesMax: this.#random.pick([0, 200, 100_000]),
      queueBytesMax: this.#random.pick([0, 1000, 1e6]),
      ...(interval && { index: { interval } }),
    })
  }

  async #appendBurst(): Promise<void> {
    const knownIds = new Map(
      [...this.#model.topics].map(([name, { events }]) => [name, events.at(-1)!.id] as const),
    )
    const requests: { parts: ModelPart[]; outcome: ModelOutcome; result: Promise<Receipt[]> }[] = []
    for (let count = this.#random.int(1, 8); count > 0; count--) {
      const all = this.#random.chance(0.25)
      const parts = all ? this.#parts() : [this.#part(this.#random.chance(0.3))]
      const outcome = this.#model.accept(parts, knownIds)
      this.history.push(`${all ? 'appendAll' : 'append'} ${describe(parts)}`)
      const [part] = parts as [ModelPart]
      const { topic, payloads, ...conditions } = part
      const one = payloads.length === 1 && this.#random.chance(0.5)
      const result = all
        ? this.#log.appendAll(parts)
        : this.#log.append(topic, one ? payloads[0]! : payloads, conditions).then((r) => [r])
      result.catch(() => undefined)
      requests.push({ parts, outcome, result })
    }
    const placed: Receipt[] = []
    for (const { parts, outcome, result } of requests) {
      if (typeof outcome === 'string') {
        await assertCode(result, outcome)
        continue
      }
      const receipts = await result
      expect(receipts.map(comparable)).toEqual(outcome)
      for (const [index, receipt] of receipts.entries()) {
        expect(receipt.lastId - receipt.firstId).toBe(BigInt(receipt.count - 1))
        const time = parts[index]!.time ?? 0n
        if (!receipt.repeated) {
          expect(receipt.firstId).toBeGreaterThanOrEqual(time)
          placed.push(receipt)
        }
      }
    }
    const before = this.#model.lastId
    for (const receipt of placed) {
      expect(receipt.firstId).toBeGreaterThan(before)
      this.#model.learn(receipt)
    }
    // What was repeated got the ids of the first time.
    for (const { outcome, result } of requests) {
      if (typeof outcome === 'string') continue
      for (const { topic, firstSequence, firstId } of await result) {
        expect(this.#model.topic(topic).events[firstSequence - 1]!.id).toBe(firstId)
      }
    }
    const added = placed
      .flatMap(({ topic, firstSequence, lastSequence }) => {
        return this.#model.topic(topic).events.slice(firstSequence - 1, lastSequence)
      })
      .sort((a, b) => (a.id < b.id ? -1 : 1))
    for (const [index, { id }] of added.entries()) {
      if (index > 0) expect(id).toBeGreaterThan(added[index - 1]!.id)
    }
    for (const { selector, expected } of this.#followers) {
      expected.push(...added.filter(({ topic }) => names(selector, topic)))
    }
    expect(this.#log.status().lastId).toBe(this.#model.lastId)
  }

  #parts(): ModelPart[] {
    const withProducers = this.#random.chance(0.3)
    const topics = this.#random.shuffle(topicNames).slice(0, this.#random.int(1, 3))
    // One producer appends to a topic once in a request.
    return topics.map((topic) => ({ ...this.#part(withProducers, topic) }))
  }

  #part(withProducer: boolean, topic = this.#random.pick(topicNames)): ModelPart {
    const sizes = [0, 1, 10, 100, 300]
    const count = this.#random.chance(0.1) ? this.#random.int(50, 300) : this.#random.int(1, 4)
    const payloads = Array.from({ length: count }, () =>
      this.#random.bytes(count > 4 ? 2 : this.#random.pick(sizes)),
    )
    if (this.#random.chance(0.005)) payloads.push(new Uint8Array(1_100_000).fill(7))
    const part: ModelPart = { topic, payloads }
    const { lastSequence, events, producers } = this.#model.topic(topic)
    if (this.#random.chance(0.3)) {
      const last = events.at(-1)
      part.expect = this.#random.pick([
        'empty',
        lastSequence,
        Math.max(lastSequence - 1, 0),
        last && last.id >= 0n ? last.id : 0n,
        this.#model.lastId,
      ] as const)
    }
    if (withProducer) {
      const id = this.#random.pick(producerNames)
      const last = producers.get(id)?.at(-1)?.producerSequence ?? this.#random.int(-1, 5)
      const sequence = Math.max(last + this.#random.pick([1, 1, 1, 1, 0, 0, -1, -3, 2, -70]), 0)
      part.producer = { id, sequence }
    }
    if (this.#random.chance(0.1)) {
      const offset = BigInt(this.#random.int(-2 * hour, 30_000)) * 1_000_000n
      part.time = this.#clock.now() + offset
    }
    return part
  }

  async #moveClock(): Promise<void> {
    const ms = this.#random.pick([1, 10, 1000, 60_000, hour])
    this.history.push(`clock +${ms}`)
    if (this.#random.chance(0.1)) this.#clock.set(this.#clock.now() - BigInt(ms) * 1_000_000n)
    else this.#clock.advance(ms)
  }

  async #checkRead(): Promise<void> {
    const selector = this.#selector()
    const single = typeof selector === 'string' && selector !== '*'
    const reverse = this.#random.chance(0.4)
    const options = {
      reverse,
      ...(this.#random.chance(0.7) && { from: this.#position(selector, single, reverse) }),
      ...(this.#random.chance(0.3) && { to: this.#someId() }),
      ...(this.#random.chance(0.3) && { limit: this.#random.int(0, 20) }),
    }
    this.history.push(`read ${describe({ selector, ...options })}`)
    const expected = this.#model.read(selector, options)
    const reader = this.#log.read(selector, options)
    const read = this.#random.chance(0.5) ? await reader.toArray() : await oneByOne(reader)
    assertSame(read, expected)
  }

  async #checkSeek(): Promise<void> {
    const topic = this.#random.pick(topicNames)
    const nearest = this.#random.pick(['next', 'previous', 'closest'] as const)
    const position = this.#position(topic, true, nearest !== 'next')
    this.history.push(`seek ${nearest} ${describe({ topic, position })}`)
    const found = await this.#log.seek(topic, position, { nearest })
    const next = this.#model.read(topic, { from: position, limit: 1 })[0]
    if (position === 'end') {
      assertSame(listOf(found), this.#model.read(topic, { reverse: true, limit: 1 }))
    } else if (nearest === 'next') {
      assertSame(listOf(found), listOf(next))
    } else {
      const previous = this.#model.read(topic, { from: position, reverse: true, limit: 1 })[0]
      const id = idOf(position)
      const closest =
        id === undefined || next === undefined || previous === undefined
          ? [next, previous]
          : [next.id - id <= id - previous.id ? next : previous]
      if (nearest === 'previous') assertSame(listOf(found), listOf(previous))
      else if (id !== undefined) assertSame(listOf(found), listOf(closest.find(Boolean)))
    }
  }

  #selector(): TopicSelector {
    if (this.#random.chance(0.6)) return this.#random.pick(topicNames)
    return this.#random.pick([
      '*',
      { prefix: 'a' },
      { prefix: 'a.' },
      { prefix: '' },
      { prefix: 'x' },
    ])
  }

  #someId(): bigint {
    const all = this.#model.events('*')
    const around = all.length === 0 ? 1n : this.#random.pick(all).id
    const id = max(around + BigInt(this.#random.pick([0, 0, 1, -1, 1e9, -1e9])), 0n)
    return this.#random.pick([id, id, id, id, this.#model.lastId, this.#clock.now(), 0n])
  }

  #position(selector: TopicSelector, single: boolean, reverse: boolean): Position {
    const id = this.#someId()
    const positions: Position[] = ['start', 'end', id, id, new Date(Number(id / 1_000_000n))]
    if (!reverse) positions.push({ after: id })
    if (single) {
      const { lastSequence } = this.#model.topic(selector as string)
      positions.push(this.#random.int(0, lastSequence + 2), this.#random.int(0, lastSequence + 2))
      if (!reverse) positions.push({ cursor: this.#random.pick(consumerNames) })
    }
    return this.#random.pick(positions)
  }

  async #trim(): Promise<void> {
    const topic = this.#random.pick(topicNames)
    const { events, lastSequence } = this.#model.topic(topic)
    const id = this.#someId()
    const before = this.#random.pick([
      id,
      this.#random.int(0, lastSequence + 2),
      new Date(Number(id / 1_000_000n)),
    ])
    this.history.push(`trim ${describe({ topic, before })}`)
    const result = this.#log.trim(topic, { before })
    if (events.length === 0) return assertCode(result, 'GOETHE_TOPIC_NOT_FOUND')
    const first = this.#model.read(topic, { from: before, limit: 1 })[0]
    const through = first === undefined ? lastSequence : first.sequence - 1
    expect(await result).toMatchObject(this.#model.trim(topic, through))
  }

  async #retain(): Promise<void> {
    const topic = this.#random.pick(topicNames)
    const count = this.#random.int(1, 20)
    this.history.push(`retain ${count} of ${topic}`)
    const set = this.#log.setRetention(topic, this.#random.chance(0.9) ? { count } : null)
    const state = this.#model.topics.get(topic)
    if (state === undefined) return assertCode(set, 'GOETHE_TOPIC_NOT_FOUND')
    await set
    const { retention } = await this.#log.describe(topic)
    state.retained = retention?.count
    await this.#log.enforceRetention()
    for (const [name, { retained, lastSequence }] of this.#model.topics) {
      if (retained !== undefined) this.#model.trim(name, lastSequence - retained)
    }
  }

  async #deleteTopic(): Promise<void> {
    const topic = this.#random.pick(topicNames)
    this.history.push(`delete ${topic}`)
    const deleted = this.#log.deleteTopic(topic)
    if (!this.#model.topics.delete(topic)) return assertCode(deleted, 'GOETHE_TOPIC_NOT_FOUND')
    await deleted
    this.#cursors = this.#cursors.filter((owned) => owned.topic !== topic)
  }

  async #reopen(): Promise<void> {
    const interval = this.#random.chance(0.5) ? this.#random.pick(intervals) : undefined
    this.history.push(`reopen ${interval ?? ''}`)
    const waiting = this.#followers.map(({ iterator }) => iterator.next())
    const { id } = this.#log
    const closing = this.#log.close()
    for (const next of waiting) await assertCode(next, 'GOETHE_CLOSED')
    await closing
    this.#followers = []
    this.#cursors = []
    await this.#open(interval)
    expect(this.#log.id).toBe(id)
    expect(this.#log.status().lastId).toBe(this.#model.lastId)
    await this.#checkAll()
  }

  async #follow(): Promise<void> {
    if (this.#followers.length > 4) {
      const [first] = this.#followers.splice(0, 1)
      await first!.iterator.return?.()
      return
    }
    const selector = this.#selector()
    const single = typeof selector === 'string' && selector !== '*'
    // What is there already: behind the end lies what comes, whatever its id.
    const from = this.#position(selector, single, false)
    if (idOf(from) !== undefined && idOf(from)! > this.#model.lastId) return
    if (typeof from === 'number' && from > this.#model.topic(selector as string).lastSequence)
      return
    this.history.push(`follow ${describe({ selector, from })}`)
    const iterator = this.#log.read(selector, { from, follow: true })[Symbol.asyncIterator]()
    const expected = this.#model.read(selector, { from })
    const follower: Follower = { selector, iterator, expected }
    this.#followers.push(follower)
    // A follower begins when it is asked for the first time.
    if (expected.length === 0) {
      const first = iterator.next()
      first.catch(() => undefined)
      follower.iterator = {
        next: () => {
          follower.iterator = iterator
          return first
        },
        return: async () => iterator.return!(),
      }
      // Where it begins is decided once it has read the store.
      await this.#log.read(selector).toArray()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async #drainFollowers(): Promise<void> {
    for (const follower of this.#followers) {
      const read: LogEvent[] = []
      while (read.length < follower.expected.length) {
        const { value } = (await follower.iterator.next()) as IteratorYieldResult<LogEvent>
        read.push(value)
      }
      assertSame(read, follower.expected)
      follower.expected.length = 0
    }
  }

  async #useCursor(): Promise<void> {
    const topic = this.#random.pick(topicNames)
    const state = this.#model.topics.get(topic)
    if (state === undefined || state.live.length === 0) return
    const consumer = this.#random.pick(consumerNames)
    const known = this.#cursors.filter((owned) => {
      return owned.topic === topic && owned.consumer === consumer
    })
    let owned = this.#random.chance(0.7) ? known[0] : undefined
    if (owned === undefined) {
      const hold = this.#random.pick([undefined, undefined, undefined, true, false])
      const cursor = this.#log.cursor(topic, consumer, { hold })
      this.#cursors.push((owned = { topic, consumer, cursor, hold, owns: false, used: false }))
    }
    const { cursor, hold } = owned
    const stored = state.cursors.get(consumer) ?? { sequence: 0, id: 0n, hold: false }
    const take = (): void => {
      for (const other of known) other.owns = false
      owned.owns = owned.used = true
      state.cursors.set(consumer, stored)
    }
    const action = this.#random.pick(['read', 'commit', 'commit', 'seek', 'look'] as const)
    this.history.push(`cursor ${action} ${describe({ topic, consumer })}`)
    switch (action) {
      case 'read': {
        const limit = this.#random.int(1, 10)
        const read = await cursor.read({ limit }).toArray()
        assertSame(
          read,
          state.live.filter(({ sequence }) => sequence > stored.sequence).slice(0, limit),
        )
        if (hold !== undefined) stored.hold = hold
        return take()
      }
      case 'commit': {
        const event = this.#random.pick(state.live)
        const committed = cursor.commit(event)
        if (owned.used && !owned.owns) return assertCode(committed, 'GOETHE_FENCED')
        if (event.sequence < stored.sequence) {
          return assertCode(committed, 'GOETHE_ALREADY_COMMITTED')
        }
        if (event.sequence === stored.sequence && event.id !== stored.id) {
          return assertCode(committed, 'GOETHE_ALREADY_COMMITTED')
        }
        await committed
        stored.sequence = event.sequence
        stored.id = event.id
        if (hold !== undefined) stored.hold = hold
        return take()
      }
      case 'seek': {
        const position = this.#position(topic, true, true)
        await cursor.seek(position as never)
        const next = this.#model.read(topic, { from: position, limit: 1 })[0]
        stored.sequence =
          position === 'start'
            ? state.trimmed
            : next === undefined
              ? state.lastSequence
              : next.sequence - 1
        stored.id = (await cursor.position())!.id
        if (hold !== undefined) stored.hold = hold
        return take()
      }
      case 'look': {
        const position = await cursor.position()
        expect(position?.sequence ?? 0).toBe(stored.sequence)
        const committed = Math.max(stored.sequence, state.trimmed)
        expect(await cursor.lag()).toBe(state.lastSequence - committed)
        return
      }
    }
  }

  async #checkDescriptions(): Promise<void> {
    expect(await this.#log.topics()).toEqual(
      [...this.#model.topics.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    )
    for (const [topic, { live, events, lastSequence, trimmed }] of this.#model.topics) {
      const described = await this.#log.describe(topic)
      expect(described.count).toBe(live.length)
      expect(described.first?.id).toBe(live[0]?.id)
      expect(described.first?.sequence).toBe(live[0]?.sequence)
      expect(described.last.id).toBe(events.at(-1)!.id)
      expect(described.last.sequence).toBe(lastSequence)
      if (trimmed === 0) expect(described.bytes).toBe(bytesOf(live))
      const buckets = await this.#log.histogram(topic)
      expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(live.length)
      const width = BigInt(this.#log.status().indexIntervalMs) * 1_000_000n
      for (const { start, count, bytes } of buckets) {
        const from = BigInt(start.getTime()) * 1_000_000n
        const inside = live.filter(({ id }) => id >= from && id < from + width)
        expect(inside.length).toBe(count)
        if (trimmed === 0) expect(bytes).toBe(bytesOf(inside))
      }
    }
  }

  /** Exports the log, imports that elsewhere, and holds the copy against the model. */
  async #copy(): Promise<void> {
    this.history.push('copy')
    const chunks: Uint8Array[] = []
    await this.#log.exportTo((chunk) => chunks.push(chunk))
    const cut = this.#random.int(1, 1000)
    const copy = await EventLog.open(this.#options.openCopy(), { clock: this.#clock })
    try {
      await copy.importFrom(inPieces(chunks, cut))
      assertSame(await copy.read('*').toArray(), this.#model.events('*'))
      for (const topic of this.#model.topics.keys()) {
        expect((await copy.describe(topic)).last).toEqual((await this.#log.describe(topic)).last)
      }
      expect(await copy.cursors()).toEqual(await this.#log.cursors())
      expect(await problemsOf(copy)).toEqual([])
    } finally {
      await copy.close()
    }
  }

  async #checkAll(): Promise<void> {
    assertSame(await this.#log.read('*').toArray(), this.#model.events('*'))
    for (const [topic, { live }] of this.#model.topics) {
      assertSame(await this.#log.read(topic).toArray(), live)
    }
    await this.#checkDescriptions()
    expect(await problemsOf(this.#log)).toEqual([])
  }
}

function comparable({ topic, firstSequence, count, repeated }: Receipt): object {
  return { topic, firstSequence, count, repeated }
}

export async function assertCode(promise: Promise<unknown>, code: string): Promise<void> {
  const outcome = await promise.then(
    (value) => `fulfilled with ${describe(value)}`,
    (error: unknown) => (isGoetheError(error) ? error.code : String(error)),
  )
  expect(outcome).toBe(code)
}

/** Quicker than toEqual for thousands of events. */
export function assertSame(read: readonly LogEvent[], expected: readonly ModelEvent[]): void {
  const ids = (events: readonly { topic: string; id: bigint; sequence: number }[]): string[] =>
    events.map(({ topic, id, sequence }) => `${topic} ${id} ${sequence}`)
  expect(ids(read)).toEqual(ids(expected))
  for (const [index, { payload }] of read.entries()) {
    const same = Buffer.compare(payload, expected[index]!.payload) === 0
    if (!same) expect(payload).toEqual(expected[index]!.payload)
  }
}

async function oneByOne(reader: AsyncIterable<LogEvent>): Promise<LogEvent[]> {
  const events: LogEvent[] = []
  for await (const event of reader) events.push(event)
  return events
}

function listOf<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value]
}

function idOf(position: Position): bigint | undefined {
  if (typeof position === 'bigint') return position
  if (position instanceof Date) return BigInt(position.getTime()) * 1_000_000n
  if (typeof position === 'object' && 'after' in position) return position.after
  return undefined
}

function bytesOf(events: readonly ModelEvent[]): number {
  return events.reduce((sum, { payload }) => sum + payload.length, 0)
}

async function* inPieces(chunks: readonly Uint8Array[], size: number): AsyncGenerator<Uint8Array> {
  const all = Buffer.concat(chunks)
  for (let at = 0; at < all.length; at += size * 97) yield all.subarray(at, at + size * 97)
}

function describe(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`
    if (part instanceof Uint8Array) return `${part.length} bytes`
    if (Array.isArray(part) && part.length > 8) return `${part.length} of them`
    return typeof part === 'string' && part.length > 40 ? `${part.slice(0, 10)}…` : part
  })
}

/** Turns what hangs into a failure that says after what. */
async function soon(work: Promise<void>, what: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`The ${what} hangs`))
    }, 10_000)
  })
  try {
    await Promise.race([work, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

function max(first: bigint, second: bigint): bigint {
  return first > second ? first : second
}
