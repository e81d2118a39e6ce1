/** Limits that all services share: requests of an identity, tails of a topic, bytes under way. */
import { type Clock, GoetheError, type TopicSelector } from '@goethe/core'
import type { Config } from './config.js'
import type { Identity } from './identity.js'
import { RateLimit } from './rate-limit.js'

/** Gives back what was admitted. Calling it again does nothing. */
export type Release = () => void

/** How soon trying again makes sense where others have to finish first. */
const retryDelayMs = 1000

export class Admission {
  readonly #limits: Config['limits']
  readonly #requests: RateLimit
  readonly #tails = new Map<string, number>()
  #bytes = 0

  constructor(limits: Config['limits'], clock: Clock) {
    this.#limits = limits
    this.#requests = new RateLimit({ count: limits.requestsPerSecond, intervalMs: 1000, clock })
  }

  /** Bytes of appends under way. */
  get inFlightBytes(): number {
    return this.#bytes
  }

  /** Counts a request of an identity. Throws GOETHE_LIMIT where it has made too many. */
  request({ name }: Identity): void {
    const retryDelayMs = this.#requests.take(name)
    if (retryDelayMs === 0) return
    const { requestsPerSecond } = this.#limits
    throw new GoetheError(
      'GOETHE_LIMIT',
      `'${name}' may make ${requestsPerSecond} requests a second (limits.requestsPerSecond)`,
      { details: { retryDelayMs } },
    )
  }

  /** Admits a reader that waits for new events. Throws GOETHE_LIMIT where there are too many. */
  tail(topics: TopicSelector): Release {
    const key = typeof topics === 'string' ? topics : `${topics.prefix}*`
    const max = this.#limits.tailsPerTopic
    const count = this.#tails.get(key) ?? 0
    if (count >= max) {
      throw new GoetheError(
        'GOETHE_LIMIT',
        `${max} readers wait for new events of '${key}' already (limits.tailsPerTopic)`,
        { details: { retryDelayMs } },
      )
    }
    this.#tails.set(key, count + 1)
    return once(() => {
      const left = this.#tails.get(key)! - 1
      if (left === 0) this.#tails.delete(key)
      else this.#tails.set(key, left)
    })
  }

  /** Admits bytes of an append. Throws GOETHE_LIMIT where too many are under way. */
  bytes(count: number): Release {
    this.resize(0, count)
    return once(() => {
      this.resize(count, 0)
    })
  }

  /** The same where they come in pieces: so many were admitted, and now it is another number. */
  resize(before: number, count: number): void {
    const max = this.#limits.inFlightBytes
    const more = count - before
    if (more > 0 && this.#bytes + more > max) {
      throw new GoetheError(
        'GOETHE_LIMIT',
        `${this.#bytes} bytes of appends are under way, and ${more} more would exceed ${max} ` +
          '(limits.inFlightBytes)',
        { details: { retryDelayMs } },
      )
    }
    this.#bytes += more
  }
}

function once(release: () => void): Release {
  let released = false
  return () => {
    if (released) return
    released = true
    release()
  }
}
