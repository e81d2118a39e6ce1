/**
 * The one writer of a log. What is submitted waits in a queue; one commit is under way at a time,
 * and all that came meanwhile becomes the next one (group commit, without an artificial delay). A
 * store that keeps the order of its writes may have more of them under way, each planned on those
 * before it, and settled behind them.
 * After a write that failed nothing more is taken: whether its bytes reached the disk is unknown,
 * and only opening the store again tells.
 */
import type { AbortSignalLike, Receipt } from './api.js'
import type { Clock } from './clock.js'
import type { AppendPart } from './append-part.js'
import { type CommitPlan, planCommit } from './commit.js'
import { CommitsUnderWay } from './commits-under-way.js'
import { GoetheError, type GoetheErrorCode, abortedError, isGoetheError } from './errors.js'
import { commitAheadBytesMin, commitBytesMax } from './limits.js'
import { type ProducerStates, producerName } from './producer-states.js'
import type { Store } from './store.js'
import type { TopicStates } from './topic-state.js'
import { Work, type WorkOptions } from './work.js'

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
  /** Admitted: their bytes count towards `queueBytesMax`. */
  #queue: Work[] = []
  /** Not admitted yet, because the queue is full. */
  #waiting: Work[] = []
  #queuedBytes = 0
  /** Of those, what commits have taken that are under way. */
  #takenBytes = 0
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
  }

  /** Bytes of appends that were admitted and are not settled. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** Appends that wait for room in the queue. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** The write failure that ended this committer. */
  get failure(): GoetheError | undefined {
    return this.#failure
  }

  submit(work: Work): void {
    if (this.#closed !== undefined) {
      work.reject(this.#closed())
      return
    }
    if (this.#failure !== undefined) {
      work.reject(sameFailure(this.#failure))
      return
    }
    const signal = work.options?.signal
    if (signal !== undefined && !this.#listen(work, signal)) return
    if (
      this.#waiting.length > 0 ||
      (this.#queuedBytes > 0 && this.#queuedBytes + work.bytes > this.#options.queueBytesMax)
    ) {
      this.#waiting.push(work)
      return
    }
    this.#admit(work)
    this.#schedule()
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

  #admit(work: Work): void {
    this.#queuedBytes += work.bytes
    this.#queue.push(work)
  }

  /** False when the signal has fired already. */
  #listen(work: Work, signal: AbortSignalLike): boolean {
    if (signal.aborted) {
      work.reject(abortedError(signal))
      return false
    }
    const onAbort = (): void => {
      if (work.settled) return
      const at = this.#waiting.indexOf(work)
      if (at >= 0) this.#waiting.splice(at, 1)
      else if (this.#queue.includes(work)) {
        this.#queue.splice(this.#queue.indexOf(work), 1)
        this.#queuedBytes -= work.bytes
      } else return // it is being written, and nobody knows how that ends
      work.settled = true
      work.reject(abortedError(signal))
    }
    signal.addEventListener('abort', onAbort, { once: true })
    work.stopListening = () => {
      signal.removeEventListener('abort', onAbort)
    }
    return true
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
      this.#refill()
      if (this.#queue.length === 0 || this.#underWay.count >= writesMax) break
      // Each commit has its price on all machines: while one is under way, only a large one joins it.
      const bytes = this.#queuedBytes - this.#takenBytes
      if (this.#underWay.count > 0 && bytes < commitAheadBytesMin) break
      const taken = this.#take()
      for (const work of taken) this.#takenBytes += work.bytes
      this.#options.states.pin()
      this.#options.producers.pin()
      // What changes more than the ends of topics is planned on what is there, and nothing on it.
      const alone = taken.some(changesMore)
      if (alone) await this.#written
      // Once a commit has failed nothing more is prepared: what that changes would never be written.
      const isReady = this.#failure !== undefined || this.#isReady(taken)
      const ready = isReady ? taken : await this.#prepare(taken)
      this.#written = this.#commit(taken, ready)
      if (alone) await this.#written
    }
    this.#beginning = false
    if (this.#queue.length > 0 || this.#underWay.count > 0) return
    this.#idle?.end()
    this.#idle = undefined
  }

  #take(): Work[] {
    let bytes = 0
    let count = 0
    while (count < this.#queue.length && (count === 0 || bytes < commitBytesMax)) {
      const { options, bytes: more } = this.#queue[count]!
      if (options?.alone && count > 0) break
      bytes += more
      count++
      if (options?.alone) break
    }
    return count === this.#queue.length ? this.#takeAll() : this.#queue.splice(0, count)
  }

  #takeAll(): Work[] {
    const all = this.#queue
    this.#queue = []
    return all
  }

  #refill(): void {
    const { queueBytesMax } = this.#options
    let admitted = 0
    for (const work of this.#waiting) {
      if (this.#queuedBytes > 0 && this.#queuedBytes + work.bytes > queueBytesMax) break
      this.#admit(work)
      admitted++
    }
    if (admitted > 0) this.#waiting.splice(0, admitted)
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
      this.#options.states.unpin()
      this.#options.producers.unpin()
      for (const work of taken) {
        this.#queuedBytes -= work.bytes
        this.#takenBytes -= work.bytes
      }
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
      settle(work)
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

  /** True when nothing needs to be read before the commit: the case of the hot path. */
  #isReady(taken: readonly Work[]): boolean {
    const { states, producers } = this.#options
    for (const work of taken) {
      if (work.options?.prepare !== undefined) return false
      for (const { topic, producer } of work.parts) {
        if (states.peek(topic) === undefined) return false
        if (producer === undefined) continue
        if (producers.peek(producerName(topic, producer.id)) === undefined) return false
      }
    }
    return true
  }

  /** Loads what the works need; those for which that fails are rejected and left out. */
  async #prepare(taken: readonly Work[]): Promise<Work[]> {
    const prepared = await Promise.all(
      taken.map(async (work) => {
        try {
          // Last, for it may change what the next works build on, and nothing may fail after that.
          await Promise.all(work.parts.map((part) => this.#load(part)))
          await work.options?.prepare?.()
          return true
        } catch (error) {
          settle(work)
          work.reject(error)
          return false
        }
      }),
    )
    return taken.filter((_, index) => prepared[index])
  }

  async #load({ topic, producer }: AppendPart): Promise<void> {
    const { states, producers } = this.#options
    await states.load(topic)
    if (producer !== undefined) await producers.load(producerName(topic, producer.id))
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
    const failure = isGoetheError(cause) ? cause : writeFailed(cause)
    for (const work of taken) this.#refuse(work, failure)
    if (this.#failure !== undefined) return
    // Those that the store has not seen were certainly not done.
    const refusal = ofWholeStore.has(failure.code) ? failure : notBegun(failure)
    this.#failure = refusal
    const rest = [...this.#queue, ...this.#waiting]
    for (const work of this.#queue) this.#queuedBytes -= work.bytes
    this.#queue = []
    this.#waiting = []
    for (const work of rest) this.#refuse(work, refusal)
    tell(() => {
      this.#options.onFailure(failure)
    })
  }

  #refuse(work: Work, failure: GoetheError): void {
    if (work.settled) return
    settle(work)
    work.reject(sameFailure(failure))
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

function settle(work: Work): void {
  work.settled = true
  work.stopListening?.()
}

/** What a store says that has no words of the log. */
function writeFailed(cause: unknown): GoetheError {
  return new GoetheError(
    'GOETHE_WRITE_FAILED',
    `The store could not write a commit: ${(cause as Error).message}. Nothing of it is ` +
      'visible; the log takes no more appends until it is closed and opened again',
    { cause },
  )
}

/** What goes for any write, and not for the one alone that has met it. */
const ofWholeStore: ReadonlySet<GoetheErrorCode> = new Set([
  'GOETHE_CLOSED',
  'GOETHE_NOT_LEADER',
  'GOETHE_READ_ONLY',
  'GOETHE_UNAVAILABLE',
  'GOETHE_WRITE_FAILED',
])

/** Refuses what comes behind a commit that met something of its own. */
function notBegun(cause: GoetheError): GoetheError {
  return new GoetheError(
    'GOETHE_UNAVAILABLE',
    `Nothing was done, because a commit before this one ended with ${cause.code}; the log takes no ` +
      'more appends until it is closed and opened again',
    { cause },
  )
}

function rejectionOf(error: unknown): unknown {
  return error
}

/** Of a store that promised to keep the order of its writes, and has not. */
function outOfOrder(): Error {
  return new Error('a write before it failed')
}

/** One error object for each caller: stack and handlers are its own. */
function sameFailure({ code, message, cause, details }: GoetheError): GoetheError {
  return new GoetheError(code, message, { cause, details })
}

function* receipts(
  outcomes: readonly (Receipt[] | GoetheError)[],
): Generator<Receipt, void, undefined> {
  for (const outcome of outcomes) if (Array.isArray(outcome)) yield* outcome
}
