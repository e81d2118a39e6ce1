/**
 * Blocks for one iteration of a reader: from the store until it has no more, then, where the
 * reader follows, from the recent commits as they come. The hand-over leaves no gap: the ordinal
 * of the next commit is noted before the scan begins, whatever is committed later has that ordinal
 * or a higher one, and ids tell what the scan has brought already.
 */
import type { AbortSignalLike } from './abort-signal.js'
import { BlockRange } from './block-range.js'
import { abortedError } from './errors.js'
import { readAheadBytes } from './limits.js'
import { type Recent, type TopicFilter, matches } from './recent.js'
import type { BlockScan } from './topic-scan.js'

/** The event that was read last. */
interface LastRead {
  id: bigint
  sequence: number
}

export interface BlockSourceOptions {
  /** Where to begin; in reverse the scan knows. */
  firstId: bigint
  filter: TopicFilter
  follow: boolean
  recent: Recent
  /** Starts to read the store at an id; `last` is the event read before, if there was one. */
  scan(firstId: bigint, last: LastRead | undefined): Promise<BlockScan> | BlockScan
  signal: AbortSignalLike | undefined
  /** Throws GOETHE_CLOSED once the log is closed. */
  assertOpen(): void
}

export class BlockSource {
  readonly #options: BlockSourceOptions
  #nextId: bigint
  #last: LastRead | undefined
  #scan: BlockScan | undefined
  /** The recent commit to go on with once the store has no more. */
  #ordinal = 0
  #live = false
  #cancel: (() => void) | undefined
  readonly #stopFollowing: (() => void) | undefined
  #ended = false

  constructor(options: BlockSourceOptions) {
    this.#options = options
    this.#nextId = options.firstId
    this.#stopFollowing = options.follow ? options.recent.follow() : undefined
    options.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  readonly #onAbort = (): void => {
    this.#cancel?.()
  }

  /** The next blocks, or undefined at the end. Rejects with GOETHE_ABORTED and what reads reject. */
  async next(): Promise<BlockRange[] | undefined> {
    for (;;) {
      if (this.#options.signal?.aborted) throw abortedError(this.#options.signal)
      if (this.#ended) return undefined
      this.#options.assertOpen()
      const wasLive = this.#live
      const ranges = wasLive ? this.#nextRecent() : await this.#nextStored()
      if (ranges.length > 0) {
        const { block } = ranges.at(-1)!
        this.#last = { id: block.lastId, sequence: block.lastSequence }
        this.#nextId = block.lastId + 1n
        return ranges
      }
      // What was committed since the scan began comes before any wait.
      if (wasLive && this.#live) await this.#wait()
    }
  }

  async close(): Promise<void> {
    this.#ended = true
    this.#stopFollowing?.()
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#cancel?.()
    const scan = this.#scan
    this.#scan = undefined
    await scan?.close()
  }

  async #nextStored(): Promise<BlockRange[]> {
    if (this.#scan === undefined) {
      this.#ordinal = this.#options.recent.nextOrdinal
      const scan = await this.#options.scan(this.#nextId, this.#last)
      if (this.#ended) {
        await scan.close()
        return []
      }
      this.#scan = scan
    }
    const ranges = await this.#scan.next()
    if (ranges.length > 0) return ranges
    await this.#scan?.close()
    this.#scan = undefined
    if (this.#options.follow) this.#live = true
    else this.#ended = true
    return []
  }

  /** What is there of the recent commits, at most about as much as a scan reads at a time. */
  #nextRecent(): BlockRange[] {
    const ranges: BlockRange[] = []
    let bytes = 0
    while (bytes < readAheadBytes) {
      const commit = this.#options.recent.get(this.#ordinal)
      if (commit === undefined) break
      if (commit === 'dropped') {
        // Too slow for what is kept in memory: back to the store.
        this.#live = ranges.length > 0
        break
      }
      for (const block of commit.blocks) {
        if (block.lastId < this.#nextId || !matches(this.#options.filter, block.topic)) continue
        ranges.push(BlockRange.between(block, this.#nextId, block.lastId))
        bytes += block.bytes.length
      }
      this.#ordinal++
    }
    return ranges
  }

  async #wait(): Promise<void> {
    const { recent, filter, signal } = this.#options
    const { promise, cancel } = recent.wait(filter)
    this.#cancel = () => {
      cancel(abortedError(signal ?? {}))
    }
    try {
      this.#ordinal = await promise
    } catch (error) {
      if (!this.#ended || signal?.aborted) throw error
    } finally {
      this.#cancel = undefined
    }
  }
}
