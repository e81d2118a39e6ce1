/**
 * The one writer of a log. What is submitted waits in a queue; one commit is under way at a time,
 * and all that came meanwhile becomes the next one (group commit, without an artificial delay). A
 * store that keeps the order of its writes may have more of them under way, each planned on those
 * before it, and settled behind them.
 * After a write that failed nothing more is taken: whether its bytes reached the disk is unknown,
 * and only opening the store again tells.
 */
import type { Receipt } from './append-api.js'
import type { Clock } from './clock.js'
import { type CommitPlan, type Outcome, planCommit } from './commit.js'
import { CommitsUnderWay } from './commits-under-way.js'
import type { GoetheError } from './errors.js'
import { commitAheadBytesMin } from './limits.js'
import { type ProducerStates, producerName } from './producer-states.js'
import type { Store } from './store.js'
import type { TopicStates } from './topic-state.js'
import { WorkPreparation } from './work-preparation.js'
import { WorkQueue } from './work-queue.js'
import { Work, type WorkOptions } from './work.js'
import { copyOf, outOfOrder, refusalBehind, writeFailure } from './write-failure.js'

/** What a commit did, for events and metrics. */
export interface Commit {
  lastId: bigint
  events: number
  /** Payload bytes. */
  bytes: number
  /** From the start of the commit to its acknowledgement by the store, in milliseconds. */
  durationMs: number
}

export interface CommitterOptions {
  store: Store
  states: TopicStates
  producers: ProducerStates
  clock: Clock
  intervalNs: bigint
  queueBytesMax: number
  clockBehindNs: bigint
  /** The last id of the log, as the store has told it. */
  lastId(): bigint
  onCommit(commit: Commit, receipts: Iterable<Receipt>): void
  onClock(behindNs: bigint): void
  onFailure(error: GoetheError): void
}

export class Committer {
  readonly #options: CommitterOptions
  readonly #queue: WorkQueue
  readonly #preparation: WorkPreparation
  readonly #underWay = new CommitsUnderWay()
  /** Whether the last commit that began was written; it never rejects. */
  #written: Promise<boolean> = Promise.resolve(true)
  #beginning = false
  #idle: Idle | undefined
  #failure: GoetheError | undefined
  #closed: (() => GoetheError) | undefined
  #clockBehind = false

  constructor(options: CommitterOptions) {
    this.#options = options
    this.#queue = new WorkQueue(options.queueBytesMax)
    this.#preparation = new WorkPreparation(options.states, options.producers)
  }

  /** Bytes of appends that were admitted and are not settled. */
  get queuedBytes(): number {
    return this.#queue.bytes
  }

  /** Appends that wait for room in the queue. */
  get waiting(): number {
    return this.#queue.outside
  }

  /** The write failure that ended this committer. */
  get failure(): GoetheError | undefined {
    return this.#failure
  }

  submit(work: Work): void {
    if (this.#closed !== undefined) work.reject(this.#closed())
    else if (this.#failure !== undefined) work.reject(copyOf(this.#failure))
    else if (this.#queue.add(work)) this.#schedule()
  }

  /** `submit` as a promise of the receipts. */
  commit(options: WorkOptions): Promise<Receipt[]> {
    return new Promise((resolve, reject) => {
      this.submit(new Work(options.parts, options.bytes, options, resolve, reject))
    })
  }

  /** Takes nothing more, for that reason; resolves when all that was submitted is settled. */
  close(reason: () => GoetheError): Promise<void> {
    this.#closed = reason
    return this.#idle?.promise ?? Promise.resolve()
  }

  #schedule(): void {
    if (this.#beginning) return
    this.#beginning = true
    this.#idle ??= new Idle()
    void Promise.resolve().then(() => this.#begin())
  }

  /** Begins commits as long as there is work, and room for one more. */
  async #begin(): Promise<void> {
    const { writesMax } = this.#options.store
    for (;;) {
      this.#queue.refill()
      if (this.#queue.isEmpty || this.#underWay.count >= writesMax) break
      // Each commit has its price on all machines: while one is under way, only a large one joins it.
      if (this.#underWay.count > 0 && this.#queue.admittedBytes < commitAheadBytesMin) break
      const taken = this.#queue.take()
      this.#preparation.hold()
      // What changes more than the ends of topics is planned on what is there, and nothing on it.
      const alone = taken.some(changesMore)
      if (alone) await this.#written
      // Once a commit has failed nothing more is prepared: what that changes would never be written.
      const isReady = this.#failure !== undefined || this.#preparation.isDone(taken)
      const ready = isReady ? taken : await this.#preparation.run(taken)
      this.#written = this.#commit(taken, ready)
      if (alone) await this.#written
    }
    this.#beginning = false
    if (!this.#queue.isEmpty || this.#underWay.count > 0) return
    this.#idle?.end()
    this.#idle = undefined
  }

  /**
   * Resolves, once all of it is settled, with whether it was written; that is after the commits
   * before it, and never when one of those was not.
   */
  async #commit(taken: readonly Work[], ready: readonly Work[]): Promise<boolean> {
    const before = this.#underWay.count === 0 ? undefined : this.#written
    let plan: CommitPlan | undefined
    try {
      if (this.#failure !== undefined) throw this.#failure
      const now = this.#options.clock.now()
      plan = this.#plan(ready, now)
      const writing = plan.operations.length > 0 ? this.#options.store.write(plan.operations) : done
      this.#underWay.add(plan)
      // Behind one that failed none is acknowledged; the store may say of each how it ended.
      if (before !== undefined) {
        writing.catch(() => undefined)
        if (!(await before)) throw await writing.then(outOfOrder, rejectionOf)
      }
      await writing
      this.#settle(ready, plan, now)
      return true
    } catch (cause) {
      this.#fail(taken, cause)
      return false
    } finally {
      if (plan !== undefined) this.#underWay.remove(plan)
      this.#preparation.release()
      this.#queue.release(taken)
      this.#schedule()
    }
  }

  #plan(works: readonly Work[], now: bigint): CommitPlan {
    const { store, states, producers, intervalNs } = this.#options
    const underWay = this.#underWay
    const lastId = underWay.lastId ?? this.#options.lastId()
    this.#checkClock(lastId - now)
    const plan = planCommit(works, {
      keyspaces: store.keyspaces,
      durability: store.durability,
      intervalNs,
      now,
      lastId,
      stateOf: (topic) => states.peek(topic)!,
      headUnderWay: (topic) => underWay.head(topic),
      producerResults(topic, id) {
        const name = producerName(topic, id)
        return underWay.producerResults(name) ?? producers.peek(name)!
      },
    })
    for (const [index, work] of works.entries()) {
      if (work.options?.operations === undefined || plan.outcomes[index] instanceof Error) continue
      for (const operation of work.options.operations()) plan.operations.push(operation)
    }
    return plan
  }

  #settle(works: readonly Work[], plan: CommitPlan, begunAt: bigint): void {
    for (const [index, work] of works.entries()) {
      const outcome = plan.outcomes[index]!
      work.settle()
      if (Array.isArray(outcome)) work.resolve(outcome)
      else work.reject(outcome)
    }
    if (plan.events === 0) return
    const { events, bytes, lastId } = plan
    const durationMs = Number(this.#options.clock.now() - begunAt) / 1e6
    tell(() => {
      this.#options.onCommit({ lastId, events, bytes, durationMs }, receipts(plan.outcomes))
    })
  }

  #checkClock(behindNs: bigint): void {
    const behind = behindNs > this.#options.clockBehindNs
    if (behind === this.#clockBehind) return
    this.#clockBehind = behind
    tell(() => {
      this.#options.onClock(behind ? behindNs : 0n)
    })
  }

  #fail(taken: readonly Work[], cause: unknown): void {
    const failure = writeFailure(cause)
    for (const work of taken) refuse(work, failure)
    if (this.#failure !== undefined) return
    this.#failure = refusalBehind(failure)
    for (const work of this.#queue.clear()) refuse(work, this.#failure)
    tell(() => {
      this.#options.onFailure(failure)
    })
  }
}

/** Whether a work writes other entries than those of events, or plans by what is stored. */
function changesMore({ options }: Work): boolean {
  return options?.prepare !== undefined || options?.operations !== undefined
}

/** Promised to those who wait until nothing is left to do. */
class Idle {
  readonly promise: Promise<void>
  end!: () => void

  constructor() {
    this.promise = new Promise((resolve) => {
      this.end = resolve
    })
  }
}

const done = Promise.resolve()

/**
 * Tells the application. What its listener throws is no failure of the commit: it comes up as an
 * unhandled rejection.
 */
function tell(listeners: () => void): void {
  try {
    listeners()
  } catch (error) {
    void Promise.reject(error as Error)
  }
}

function refuse(work: Work, failure: GoetheError): void {
  if (work.settled) return
  work.settle()
  work.reject(copyOf(failure))
}

function rejectionOf(error: unknown): unknown {
  return error
}

function* receipts(outcomes: readonly Outcome[]): Generator<Receipt, void, undefined> {
  for (const outcome of outcomes) if (Array.isArray(outcome)) yield* outcome
}
