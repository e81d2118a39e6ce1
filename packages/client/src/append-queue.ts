/**
 * Appends that are not sent yet: a lane for each topic, and the lanes that may send take turns, so
 * that a busy topic does not hold up the others.
 */
import type { GoetheError } from '@goethe/core'
import type { StreamedAppend } from '@goethe/protocol'
import type { CallerCount, Group, GroupOutcome, Member } from './append-group.js'
import { AppendLane, groupBytesMax } from './append-lane.js'
import { Fifo } from './fifo.js'

/** Lanes that are remembered while nothing is under way in them; at least so many. */
const idleLanesMax = 10_000

/** No topic has this name. */
const severalTopics = '*'

export class AppendQueue implements CallerCount {
  /** Callers that wait, also for what was sent. */
  callers = 0
  /** What may be gathered; less where the server takes only small messages. */
  groupBytesMax = groupBytesMax
  readonly #producer: string | undefined
  readonly #lanes = new Map<string, AppendLane>()
  #lanesMade = 0
  #lanesMax = idleLanesMax
  /** Lanes with a group that may be sent. */
  #ready = new Fifo<AppendLane>()

  /** `producer` begins the names of producers; without one nothing is repeated. */
  constructor(producer: string | undefined) {
    this.#producer = producer
  }

  /** What goes to several topics has a lane of its own: those keep their order among themselves. */
  add(part: StreamedAppend, member: Member, bytes: number, deadline: number): void {
    const lane = this.#lane(part.also === undefined ? part.topic : severalTopics)
    lane.add(part, member, bytes, deadline, this.groupBytesMax)
    this.#list(lane)
  }

  /** True when a group may be sent. */
  get ready(): boolean {
    return this.#ready.length > 0
  }

  /** The next group that somebody waits for. */
  take(): Group | undefined {
    for (let lane = this.#ready.shift(); lane !== undefined; lane = this.#ready.shift()) {
      lane.listed = false
      if (!lane.ready) continue
      const group = lane.take()
      this.#list(lane)
      if (group.waiting > 0) return group
      this.settle(group, 'refused')
    }
    return undefined
  }

  /** A group that was taken was answered, or will not be any more. */
  settle(group: Group, outcome: GroupOutcome): void {
    group.lane.settle(group, outcome)
    this.#list(group.lane)
  }

  /** The callers of a group that was settled go on, each for itself. */
  split(group: Group): void {
    group.lane.split(group)
    this.#list(group.lane)
  }

  /** Rejects what was to be sent by now. */
  expire(now: number, error: () => GoetheError): void {
    for (const lane of this.#lanes.values()) {
      lane.expire(now, (group) => {
        group.reject(error())
      })
      this.#list(lane)
    }
  }

  /** Rejects everything, and begins anew. */
  fail(error: GoetheError): void {
    for (const lane of this.#lanes.values()) {
      lane.expire(Infinity, (group) => {
        group.reject(error)
      })
    }
    this.#lanes.clear()
    this.#ready = new Fifo()
  }

  /** The deadline that comes first. */
  get deadline(): number {
    let first = Infinity
    for (const { next } of this.#lanes.values()) {
      if (next !== undefined && next.deadline < first) first = next.deadline
    }
    return first
  }

  #list(lane: AppendLane): void {
    if (lane.listed || !lane.ready) return
    lane.listed = true
    this.#ready.push(lane)
  }

  #lane(topic: string): AppendLane {
    const known = this.#lanes.get(topic)
    if (known !== undefined) return known
    if (this.#lanes.size >= this.#lanesMax) this.#forget()
    // A lane that is made again must not repeat the producers of the one before.
    const producer =
      this.#producer === undefined ? undefined : `${this.#producer}.${this.#lanesMade++}`
    const lane = new AppendLane(producer, this)
    this.#lanes.set(topic, lane)
    return lane
  }

  /** Forgets the lanes that are idle, and looks again when there are twice as many as are left. */
  #forget(): void {
    for (const [topic, { idle }] of this.#lanes) if (idle) this.#lanes.delete(topic)
    this.#lanesMax = Math.max(idleLanesMax, 2 * this.#lanes.size)
  }
}
