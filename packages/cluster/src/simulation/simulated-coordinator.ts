/**
 * The coordinator: one record with compare-and-set, reached over a line on which requests and answers
 * get lost, and requests arrive long after everybody gave up waiting for them.
 */
import type { ChangeOutcome, VersionedRecord } from '../coordinator/coordinator.js'
import type { Input } from '../replica/input.js'
import type { ClusterRecord } from '../record.js'
import type { Random } from './random.js'
import type { Timeline } from './timeline.js'

type ReadResult = Extract<Input, { type: 'record-read' }>['result']

export interface CoordinatorFaults {
  lostRequests: number
  lostAnswers: number
  lateRequests: number
  /** Requests that something on the way sends twice, and whose second answer is the one that comes. */
  repeatedRequests: number
}

/** How an older record takes the place of another one, until it is changed. */
export interface OlderRecord {
  /** Who can read and change it. */
  reaches(member: string): boolean
  /** Whether the leader has taken it for its own, as it was about to write the same. */
  isTaken(): boolean
}

export const calmCoordinator: CoordinatorFaults = {
  lostRequests: 0,
  lostAnswers: 0,
  lateRequests: 0,
  repeatedRequests: 0,
}

const timeoutMs = 1_000

export class SimulatedCoordinator {
  /** Members (by name) that cannot reach it. */
  readonly unreachable = new Set<string>()
  faults = calmCoordinator
  #found: VersionedRecord | undefined
  #deleted: ClusterRecord | undefined
  /** What was stored before somebody put an older record in its place. */
  #displaced: (OlderRecord & { readonly record: ClusterRecord }) | undefined
  #version = 0
  /** All that was ever stored. */
  readonly #stored: ClusterRecord[] = []
  #late = new Set<{ token: string | undefined; record: ClusterRecord }>()

  constructor(
    private readonly timeline: Timeline,
    private readonly random: Random,
    private readonly onChange: (record: ClusterRecord, before: ClusterRecord | undefined) => void,
  ) {}

  get record(): ClusterRecord | undefined {
    return this.#found?.record
  }

  /** The record as members made it: what somebody did to it left aside. */
  get lastRecord(): ClusterRecord | undefined {
    this.#settle()
    return this.#displaced?.record ?? this.record ?? this.#deleted
  }

  /** Whether an older record is in the place of the last one. */
  get displaced(): boolean {
    return this.#displaced !== undefined
  }

  /** What the leader of now has stored before, in this epoch. */
  get earlierRecords(): readonly ClusterRecord[] {
    const { record } = this
    return this.#stored.filter(
      ({ epoch, leader }) =>
        epoch === record?.epoch && leader?.incarnation === record.leader?.incarnation,
    )
  }

  /** Somebody puts an older record back. */
  putBack(older: ClusterRecord, how: OlderRecord): void {
    this.#displaced = { record: this.record!, ...how }
    this.#put(older)
  }

  /** They put it right again. */
  putRight(): void {
    const { record } = this.#displaced!
    this.#displaced = undefined
    this.#put(record)
  }

  /**
   * Somebody deletes the record, unless one is about to be made; and once in a life, as members may still
   * have in mind what an operator told them about the deletion before.
   */
  delete(): void {
    if (this.#deleted !== undefined) return
    if ([...this.#late].some(({ token }) => token === undefined)) return
    this.#deleted = this.record
    this.#found = undefined
  }

  /** The record as it is, and as requests that are under way may make it. */
  get possibleRecords(): readonly ClusterRecord[] {
    const late = [...this.#late].filter(({ token }) => token === this.#found?.token)
    const found = this.#found === undefined ? [] : [this.#found.record]
    const displaced = this.#displaced === undefined ? [] : [this.#displaced.record]
    return [...found, ...displaced, ...late.map(({ record }) => record)]
  }

  read(member: string, answer: (result: ReadResult) => void): void {
    const lost = this.#lost(member)
    let result: ReadResult = { type: 'failed', reason: 'no answer' }
    this.timeline.after(this.#lineMs(), () => {
      if (!lost && this.#reaches(member)) result = { type: 'read', found: this.#found }
    })
    const answered = !lost && !this.random.chance(this.faults.lostAnswers)
    if (answered) {
      this.timeline.after(this.#lineMs() + 20, () => {
        answer(result)
        this.#settle()
      })
    } else this.timeline.after(timeoutMs, () => answer({ type: 'failed', reason: 'no answer' }))
  }

  change(
    member: string,
    token: string | undefined,
    record: ClusterRecord,
    answer: (outcome: ChangeOutcome) => void,
  ): void {
    const request = { token, record }
    const lost = this.#lost(member)
    const late = !lost && this.random.chance(this.faults.lateRequests)
    const answered = !lost && !late && !this.random.chance(this.faults.lostAnswers)
    const repeated = !lost && this.random.chance(this.faults.repeatedRequests)
    const reachesMs = late ? this.random.between(timeoutMs / 2, timeoutMs * 6) : this.#lineMs()
    if (!lost) {
      this.#late.add(request)
      this.timeline.after(reachesMs, () => {
        const first = this.#change(request)
        const outcome = repeated ? this.#change(request) : first
        if (answered) this.timeline.after(this.#lineMs(), () => answer(outcome))
      })
    }
    if (!answered) {
      this.timeline.after(timeoutMs, () => answer({ outcome: 'unknown', cause: 'no answer' }))
    }
  }

  #change(request: { token: string | undefined; record: ClusterRecord }): ChangeOutcome {
    this.#late.delete(request)
    if (request.token !== this.#found?.token) return { outcome: 'refused' }
    const before = this.#displaced?.record ?? this.record
    this.#displaced = undefined
    const token = this.#put(request.record)
    this.onChange(request.record, before)
    return { outcome: 'changed', token }
  }

  #put(record: ClusterRecord): string {
    this.#version += 1
    const token = String(this.#version)
    this.#found = { record, token }
    this.#stored.push(record)
    return token
  }

  /** The older record is the one that counts from when the leader takes it for its own. */
  #settle(): void {
    if (this.#displaced?.isTaken() === true) this.#displaced = undefined
  }

  #lost(member: string): boolean {
    const away = this.unreachable.has(member) || !this.#reaches(member)
    return away || this.random.chance(this.faults.lostRequests)
  }

  #reaches(member: string): boolean {
    return this.#displaced?.reaches(member) ?? true
  }

  #lineMs(): number {
    return this.random.between(1, 20)
  }
}
