/** An append as it is sent: that of one caller, or those of several callers to one topic. */
import { GoetheError } from '@goethe/core'
import type { StreamedAppend, StreamedReceipt } from '@goethe/protocol'
import type { AppendLane } from './append-lane.js'
import { asThrown } from './failures.js'

/** One caller's append. */
export interface Member {
  readonly count: number
  /** True when the caller named a producer and is told whether that repeated itself. */
  readonly ownProducer: boolean
  /** Where it is at the moment; undefined once its caller was told how it ended. */
  group: Group | undefined
  resolve(receipt: StreamedReceipt): void
  reject(error: Error): void
}

/** What the producer's sequence of an append led to. */
export type GroupOutcome = 'appended' | 'refused' | 'unknown'

/** Callers that wait. */
export interface CallerCount {
  callers: number
}

/** What an append costs beyond its payloads. */
const appendOverheadBytes = 128

export class Group {
  readonly lane: AppendLane
  part: StreamedAppend & { payloads: Uint8Array[] }
  /** In the order of their payloads, also those who wait no more. */
  readonly #members: Member[] = []
  readonly #counter: CallerCount
  readonly gathers: boolean
  bytes: number
  /** When it is given up, on the connection's clock, in milliseconds. */
  readonly deadline: number
  /** Called once it is known what the producer's sequence led to. */
  done: ((outcome: GroupOutcome) => void) | undefined
  /** How often it was sent, but for those times to which the answer was that nothing was done. */
  sends = 0
  /** The last such answer. */
  refusal: GoetheError | undefined
  /** Those of the members who wait. */
  #waiting = 0

  constructor(
    lane: AppendLane,
    part: StreamedAppend,
    gathers: boolean,
    deadline: number,
    counter: CallerCount,
  ) {
    this.lane = lane
    this.part = { ...part, payloads: [] }
    this.gathers = gathers
    this.deadline = deadline
    this.#counter = counter
    // A character of the topic has at most three bytes.
    this.bytes = appendOverheadBytes + 3 * part.topic.length
  }

  get waiting(): number {
    return this.#waiting
  }

  get size(): number {
    return this.#members.length
  }

  add(member: Member, payloads: readonly Uint8Array[], bytes: number): void {
    member.group = this
    this.#members.push(member)
    for (const payload of payloads) this.part.payloads.push(payload)
    this.bytes += bytes
    this.#waiting++
    this.#counter.callers++
  }

  /** A caller gives up. Before the group is sent, its events are taken out as well. */
  leave(member: Member, error: GoetheError): void {
    if (this.sends === 0) {
      const at = this.#members.indexOf(member)
      let first = 0
      for (let index = 0; index < at; index++) first += this.#members[index]!.count
      this.#members.splice(at, 1)
      this.part.payloads.splice(first, member.count)
    }
    this.#release(member)
    member.reject(error)
  }

  /** It may be sent again, and until then is as if it had not been. */
  refused(refusal: GoetheError): void {
    this.sends--
    this.refusal = refusal
  }

  resolve(receipt: StreamedReceipt): void {
    const { topic } = this.part
    if (this.#members.length === 1) {
      const member = this.#members[0]!
      const repeated = receipt.repeated && member.ownProducer
      if (this.#release(member)) member.resolve({ ...receipt, topic, repeated })
      return
    }
    const { durability } = receipt
    let { firstId, firstSequence } = receipt
    for (const member of this.#members) {
      const { count } = member
      const nextId = firstId + BigInt(count)
      const nextSequence = firstSequence + count
      if (this.#release(member)) {
        member.resolve({
          topic,
          firstId,
          lastId: nextId - 1n,
          firstSequence,
          lastSequence: nextSequence - 1,
          count,
          durability,
          repeated: false,
        })
      }
      firstId = nextId
      firstSequence = nextSequence
    }
  }

  /** Each caller gets an error object of its own. */
  reject({ code, message, cause, details }: GoetheError): void {
    for (const member of this.#members) {
      if (this.#release(member)) {
        member.reject(asThrown(new GoetheError(code, message, { cause, details })))
      }
    }
  }

  /** An append for each caller who waits. */
  split(): Group[] {
    let first = 0
    const alone: Group[] = []
    for (const member of this.#members) {
      const payloads = this.part.payloads.slice(first, first + member.count)
      first += member.count
      if (!this.#release(member)) continue
      const part = { ...this.part, producer: undefined }
      const group = new Group(this.lane, part, false, this.deadline, this.#counter)
      let bytes = 0
      for (const { length } of payloads) bytes += length
      group.add(member, payloads, bytes)
      alone.push(group)
    }
    return alone
  }

  /** False where the caller was told before. */
  #release(member: Member): boolean {
    if (member.group !== this) return false
    member.group = undefined
    this.#waiting--
    this.#counter.callers--
    return true
  }
}
