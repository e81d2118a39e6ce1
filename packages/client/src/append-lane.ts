/**
 * The appends to one topic, in order. Those without conditions of their own are gathered into
 * groups, each of which is one append for the server: its events have consecutive ids, of which
 * each caller gets its own.
 *
 * So that repeating a group appends nothing twice, it carries the sequence of a producer. A lane
 * has as many producers as it has groups under way: with one alone, a group that is refused would
 * make the server refuse all behind it.
 */
import { GoetheError } from '@goethe/core'
import type { StreamedAppend, StreamedReceipt } from '@goethe/protocol'
import { ProducerPool } from './producer-pool.js'

/** One caller's append. */
export interface Member {
  count: number
  /** True when the caller named a producer and is told whether that repeated itself. */
  ownProducer: boolean
  resolve(receipt: StreamedReceipt): void
  reject(error: GoetheError): void
}

/** Events in one group at most, and their bytes: what is larger goes alone. */
const groupEventsMax = 4096
const groupBytesMax = 256 * 1024

/** Groups of one topic under way at a time: while these are, more events gather in the next. */
const gatheredMax = 3

/** Appends with conditions under way at a time; the server remembers the results of as many. */
const conditionalMax = 64

/** An append as it is sent. */
export class Group {
  readonly lane: AppendLane
  part: StreamedAppend & { payloads: Uint8Array[] }
  readonly members: Member[] = []
  readonly gathers: boolean
  bytes = 0
  /** When it is given up, on the clock of performance.now(), in milliseconds. */
  readonly deadline: number
  /** Called once it is known what the producer's sequence led to. */
  done: ((outcome: 'appended' | 'refused' | 'unknown') => void) | undefined
  sent = false

  constructor(lane: AppendLane, part: StreamedAppend, gathers: boolean, deadline: number) {
    this.lane = lane
    this.part = { ...part, payloads: [] }
    this.gathers = gathers
    this.deadline = deadline
  }

  add(member: Member, payloads: readonly Uint8Array[], bytes: number): void {
    this.members.push(member)
    for (const payload of payloads) this.part.payloads.push(payload)
    this.bytes += bytes
  }

  /** Takes out a caller that gave up before the group was sent. */
  remove(member: Member): void {
    const at = this.members.indexOf(member)
    if (at === -1) return
    let first = 0
    for (const { count } of this.members.slice(0, at)) first += count
    this.members.splice(at, 1)
    this.part.payloads.splice(first, member.count)
  }

  resolve(receipt: StreamedReceipt): void {
    const { topic } = this.part
    if (this.members.length === 1) {
      const [member] = this.members
      const repeated = receipt.repeated && member!.ownProducer
      member!.resolve({ ...receipt, topic, repeated })
      return
    }
    let { firstId, firstSequence } = receipt
    for (const { count, resolve } of this.members) {
      const nextId = firstId + BigInt(count)
      const nextSequence = firstSequence + count
      resolve({
        topic,
        firstId,
        lastId: nextId - 1n,
        firstSequence,
        lastSequence: nextSequence - 1,
        count,
        durability: receipt.durability,
        repeated: false,
      })
      firstId = nextId
      firstSequence = nextSequence
    }
  }

  /** Each caller gets an error object of its own. */
  reject(error: GoetheError): void {
    const { code, message, cause, details } = error
    for (const member of this.members.splice(0)) {
      member.reject(new GoetheError(code, message, { cause, details }))
    }
  }
}

export class AppendLane {
  readonly topic: string
  /** Not sent yet, in order. */
  readonly queue: Group[] = []
  readonly #producers: ProducerPool | undefined
  #underWay = 0

  /** `producer` begins the names of the lane's producers; without one nothing is repeated. */
  constructor(topic: string, producer: string | undefined) {
    this.topic = topic
    this.#producers = producer === undefined ? undefined : new ProducerPool(producer)
  }

  get idle(): boolean {
    return this.queue.length === 0 && this.#underWay === 0
  }

  /** True when the next group may be sent. */
  get ready(): boolean {
    const [next] = this.queue
    return next !== undefined && this.#underWay < (next.gathers ? gatheredMax : conditionalMax)
  }

  add(part: StreamedAppend, member: Member, bytes: number, deadline: number): Group {
    const { expect, producer, time, also, payloads } = part
    const plain = (expect ?? producer ?? time ?? also) === undefined
    const gathers = plain && bytes <= groupBytesMax
    const last = this.queue.at(-1)
    if (
      gathers &&
      last?.gathers === true &&
      last.bytes + bytes <= groupBytesMax &&
      last.part.payloads.length + payloads.length <= groupEventsMax
    ) {
      last.add(member, payloads, bytes)
      return last
    }
    const group = new Group(this, part, gathers, deadline)
    group.add(member, payloads, bytes)
    this.queue.push(group)
    return group
  }

  /** The next group, ready to be sent. */
  take(): Group {
    const group = this.queue.shift()!
    group.sent = true
    this.#underWay++
    if (group.part.producer === undefined) group.done = this.#producers?.assign(group)
    return group
  }

  /** A group was answered. What its producer did is certain unless the outcome is unknown. */
  settle(group: Group, outcome: 'appended' | 'refused' | 'unknown'): void {
    this.#underWay--
    group.done?.(outcome)
  }

  /** The callers of a group go on, each with an append of its own, before all that waits. */
  split(group: Group): void {
    let first = 0
    const alone = group.members.splice(0).map((member) => {
      const payloads = group.part.payloads.slice(first, first + member.count)
      first += member.count
      const part = { ...group.part, producer: undefined }
      const single = new Group(this, part, false, group.deadline)
      single.add(member, payloads, 0)
      return single
    })
    this.queue.unshift(...alone)
  }
}
