import type { Block } from './block.js'
import { GoetheError } from './errors.js'
import { recentCommitsMax } from './limits.js'

/** What one commit added. */
interface RecentCommit {
  readonly blocks: readonly Block[]
  readonly bytes: number
}

/** Which topics somebody waits for: one by name, or those that a predicate names. */
export type TopicFilter = string | ((topic: string) => boolean)

/** True when the filter names the topic. */
export function matches(filter: TopicFilter, topic: string): boolean {
  return typeof filter === 'string' ? filter === topic : filter(topic)
}

interface Waiter {
  resolve(ordinal: number): void
  reject(error: GoetheError): void
}

/**
 * The last few commits, kept in memory so that live readers need not read the store again, however
 * many they are; while nobody follows, none is kept. Commits have ordinals 0, 1, 2 …; a reader remembers the ordinal it wants next.
 */
export class Recent {
  readonly #bytesMax: number
  /** `#commits[i]` has the ordinal `#firstOrdinal + i`. */
  #commits: RecentCommit[] = []
  #firstOrdinal = 0
  #dropped = 0
  #bytes = 0
  #followers = 0
  #closed: GoetheError | undefined
  readonly #topicWaiters = new Map<string, Set<Waiter>>()
  readonly #filterWaiters = new Map<Waiter, (topic: string) => boolean>()

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** The ordinal that the next commit gets. */
  get nextOrdinal(): number {
    return this.#firstOrdinal + this.#commits.length - this.#dropped
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Keeps commits from now on, until the function returned is called: somebody follows. */
  follow(): () => void {
    this.#followers++
    let following = true
    return () => {
      if (following) this.#followers--
      following = false
      if (this.#followers === 0) this.#dropTo(0, 0)
    }
  }

  /** Adds a commit, drops the oldest that are too many, wakes who waits for its topics. */
  add(blocks: readonly Block[]): void {
    const ordinal = this.nextOrdinal
    if (this.#followers === 0) {
      this.#firstOrdinal++
      return
    }
    const bytes = blocks.reduce((sum, block) => sum + block.bytes.length, 0)
    this.#commits.push({ blocks, bytes })
    this.#bytes += bytes
    this.#dropTo(this.#bytesMax, recentCommitsMax)
    this.#wake(blocks, ordinal)
  }

  /** The commit of this ordinal, undefined when there is none yet, 'dropped' when no more. */
  get(ordinal: number): RecentCommit | 'dropped' | undefined {
    if (ordinal < this.#firstOrdinal) return 'dropped'
    return this.#commits[this.#dropped + ordinal - this.#firstOrdinal]
  }

  /**
   * Resolves with the ordinal of the next commit that has an event of these topics: none between
   * now and that one has. Rejects when the log closes or the wait is cancelled.
   */
  wait(filter: TopicFilter): { promise: Promise<number>; cancel(error: GoetheError): void } {
    let waiter!: Waiter
    const promise = new Promise<number>((resolve, reject) => {
      waiter = { resolve, reject }
    })
    if (this.#closed !== undefined) {
      waiter.reject(this.#closed)
      return { promise, cancel: () => undefined }
    }
    if (typeof filter !== 'string') this.#filterWaiters.set(waiter, filter)
    else {
      const waiters = this.#topicWaiters.get(filter)
      if (waiters === undefined) this.#topicWaiters.set(filter, new Set([waiter]))
      else waiters.add(waiter)
    }
    const cancel = (error: GoetheError): void => {
      if (typeof filter !== 'string') this.#filterWaiters.delete(waiter)
      else this.#topicWaiters.get(filter)?.delete(waiter)
      waiter.reject(error)
    }
    return { promise, cancel }
  }

  /** Ends all waits with this error, and all later ones. */
  close(error: GoetheError): void {
    this.#closed = error
    for (const waiters of this.#topicWaiters.values()) {
      for (const waiter of waiters) waiter.reject(error)
    }
    for (const waiter of this.#filterWaiters.keys()) waiter.reject(error)
    this.#topicWaiters.clear()
    this.#filterWaiters.clear()
    this.#commits = []
    this.#firstOrdinal = Number.MAX_SAFE_INTEGER
    this.#bytes = 0
  }

  #dropTo(bytesMax: number, commitsMax: number): void {
    while (this.#bytes > bytesMax || this.#commits.length - this.#dropped > commitsMax) {
      this.#drop()
    }
  }

  #drop(): void {
    this.#bytes -= this.#commits[this.#dropped]!.bytes
    this.#firstOrdinal++
    this.#dropped++
    // Moving the rest down for each drop would cost more than the drops themselves.
    if (this.#dropped * 2 > this.#commits.length) {
      this.#commits.splice(0, this.#dropped)
      this.#dropped = 0
    }
  }

  #wake(blocks: readonly Block[], ordinal: number): void {
    for (const { topic } of blocks) {
      const waiters = this.#topicWaiters.get(topic)
      if (waiters !== undefined) {
        this.#topicWaiters.delete(topic)
        for (const waiter of waiters) waiter.resolve(ordinal)
      }
      for (const [waiter, names] of this.#filterWaiters) {
        if (!names(topic)) continue
        this.#filterWaiters.delete(waiter)
        waiter.resolve(ordinal)
      }
    }
  }
}
