/**
 * The appends to one topic, in order. Those without conditions of their own are gathered into
 * groups, each of which is one append for the server: its events have consecutive ids, of which
 * each caller gets its own.
 *
 * So that repeating a group appends nothing twice, it carries the sequence of a producer. A lane
 * has as many producers as it has groups under way: with one alone, a group that is refused would
 * make the server refuse all behind it.
 */
import type { StreamedAppend } from '@goethe/protocol'
import { type CallerCount, Group, type GroupOutcome, type Member } from './append-group.js'
import { Fifo } from './fifo.js'
import { ProducerPool } from './producer-pool.js'

/** Events in one group at most, and their bytes: what is larger goes alone. */
const groupEventsMax = 4096
export const groupBytesMax = 256 * 1024

/** A group is given up as a whole: who comes later than this after the first waits for the next. */
const gatherMs = 250

/** Groups of one topic under way at a time: while these are, more events gather in the next. */
const gatheredMax = 3

/** Appends with conditions under way at a time; the server remembers the results of as many. */
const conditionalMax = 64

export class AppendLane {
  /** Not taken yet, in order. */
  readonly #queue = new Fifo<Group>()
  #last: Group | undefined
  readonly #producers: ProducerPool | undefined
  readonly #counter: CallerCount
  #underWay = 0
  /** True while it stands among those that may send; kept by whoever keeps these. */
  listed = false

  /** `producer` begins the names of the lane's producers; without one nothing is repeated. */
  constructor(producer: string | undefined, counter: CallerCount) {
    this.#producers = producer === undefined ? undefined : new ProducerPool(producer)
    this.#counter = counter
  }

  get idle(): boolean {
    return this.#queue.length === 0 && this.#underWay === 0
  }

  get next(): Group | undefined {
    return this.#queue.at(0)
  }

  /** True when the next group may be sent. */
  get ready(): boolean {
    const { next } = this
    return next !== undefined && this.#underWay < (next.gathers ? gatheredMax : conditionalMax)
  }

  add(part: StreamedAppend, member: Member, bytes: number, deadline: number, max: number): void {
    const { expect, producer, time, also, payloads } = part
    const plain = (expect ?? producer ?? time ?? also) === undefined
    const gathers = plain && bytes <= max
    const last = this.#last
    if (
      gathers &&
      last?.gathers === true &&
      last.bytes + bytes <= max &&
      last.part.payloads.length + payloads.length <= groupEventsMax &&
      deadline - last.deadline <= gatherMs
    ) {
      last.add(member, payloads, bytes)
      return
    }
    const group = new Group(this, part, gathers, deadline, this.#counter)
    group.add(member, payloads, bytes)
    this.#queue.push(group)
    this.#last = group
  }

  /** The next group, ready to be sent. */
  take(): Group {
    const group = this.#queue.shift()!
    if (group === this.#last) this.#last = undefined
    this.#underWay++
    group.done = this.#producers?.assign(group)
    return group
  }

  /** A group was answered, or will not be any more. */
  settle(group: Group, outcome: GroupOutcome): void {
    this.#underWay--
    // A refusal of what was sent twice may be overtaken by the other one, in another connection.
    const isCertain = outcome !== 'refused' || group.sends < 2
    group.done?.(isCertain ? outcome : 'unknown')
  }

  /** The callers of a group go on, each with an append of its own, before all that waits. */
  split(group: Group): void {
    this.#queue.unshift(group.split())
  }

  /** Gives up what waits and should have been sent by now. */
  expire(now: number, give: (group: Group) => void): void {
    for (let next = this.next; next !== undefined && next.deadline <= now; next = this.next) {
      this.#queue.shift()
      if (next === this.#last) this.#last = undefined
      give(next)
    }
  }
}
