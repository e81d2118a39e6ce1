/**
 * The one writer of a log. What is submitted waits in a queue; one commit is under way at a time,
 * and all that came meanwhile becomes the next one (group commit, without an artificial delay).
 * After a write that failed nothing more is taken: whether its bytes reached the disk is unknown,
 * and only opening the store again tells.
 */
import type { AbortSignalLike, Receipt } from './api.js'
import type { Clock } from './clock.js'
import type { AppendPart } from './append-part.js'
import { planCommit } from './commit.js'
import { GoetheError, abortedError } from './errors.js'
import { commitBytesMax } from './limits.js'
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
  #running = false
  #idle: Promise<void> = Promise.resolve()
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
    if (this.#running) return
    this.#running = true
    this.#idle = Promise.resolve().then(() => this.#run())
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
    return this.#idle
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

  async #run(): Promise<void> {
    for (;;) {
      this.#refill()
      if (this.#queue.length === 0) break
      const taken = this.#take()
      this.#options.states.pin()
      this.#options.producers.pin()
      try {
        await this.#commit(taken)
      } catch (cause) {
        this.#fail(taken, cause)
      } finally {
        this.#options.states.unpin()
        this.#options.producers.unpin()
        for (const work of taken) this.#queuedBytes -= work.bytes
      }
    }
    this.#running = false
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

  async #commit(taken: Work[]): Promise<void> {
    const { store, clock, states, producers } = this.#options
    const ready = this.#isReady(taken) ? taken : await this.#prepare(taken)
    if (ready.length === 0) return
    const now = clock.now()
    const lastId = this.#options.lastId()
    this.#checkClock(lastId - now)
    const plan = planCommit(ready, {
      keyspaces: store.keyspaces,
      durability: store.durability,
      intervalNs: this.#options.intervalNs,
      now,
      lastId,
      stateOf: (topic) => states.peek(topic)!,
      producerResults: (topic, id) => producers.peek(producerName(topic, id))!,
    })
    const { operations } = plan
    for (const [index, work] of ready.entries()) {
      if (work.options?.operations === undefined || plan.outcomes[index] instanceof Error) continue
      for (const operation of work.options.operations()) operations.push(operation)
    }
    if (operations.length > 0) await store.write(operations)
    for (let index = 0; index < ready.length; index++) {
      const work = ready[index]!
      const outcome = plan.outcomes[index]!
      settle(work)
      if (Array.isArray(outcome)) work.resolve(outcome)
      else work.reject(outcome)
    }
    if (plan.events === 0) return
    const { events, bytes } = plan
    const durationMs = Number(clock.now() - now) / 1e6
    const commit = { lastId: plan.lastId, events, bytes, durationMs }
    tell(() => {
      this.#options.onCommit(commit, receipts(plan.outcomes))
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
    this.#failure = new GoetheError(
      'GOETHE_WRITE_FAILED',
      `The store could not write a commit: ${(cause as Error).message}. Nothing of it is ` +
        'visible; the log takes no more appends until it is closed and opened again',
      { cause },
    )
    const all = [...taken, ...this.#queue, ...this.#waiting].filter(({ settled }) => !settled)
    for (const work of this.#queue) this.#queuedBytes -= work.bytes
    this.#queue = []
    this.#waiting = []
    for (const work of all) {
      settle(work)
      work.reject(sameFailure(this.#failure))
    }
    const failure = this.#failure
    tell(() => {
      this.#options.onFailure(failure)
    })
  }
}

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

/** One error object for each caller: stack and handlers are its own. */
function sameFailure(failure: GoetheError): GoetheError {
  return new GoetheError(failure.code, failure.message, { cause: failure.cause })
}

function* receipts(
  outcomes: readonly (Receipt[] | GoetheError)[],
): Generator<Receipt, void, undefined> {
  for (const outcome of outcomes) if (Array.isArray(outcome)) yield* outcome
}
