/**
 * The way of what is written to a follower: the leader is asked to do it, and its answer is given.
 * One hop: who is asked and does not lead says so.
 */
import type { ClusterMember } from '@goethe/cluster'
import {
  type AbortSignalLike,
  type Clock,
  GoetheError,
  type GoetheErrorCode,
  isGoetheError,
} from '@goethe/core'
import type { Method } from '@goethe/protocol'
import { activeSpanHeaders } from '../tracing.js'
import { decodeAnswer, encodeRequest } from './forward-codec.js'

/** What is used of a member. */
export type ForwardingMember = Pick<ClusterMember, 'forward' | 'forwardBytesMax' | 'whenApplied'>

/** Who is to be asked. */
export interface ForwardTarget {
  /** This member, which asks. */
  readonly member: ForwardingMember
  /** The name of the one that leads. */
  readonly leader: string
  /** What callers are told that have to ask the leader themselves. */
  readonly refusal: GoetheError
}

export interface ForwarderOptions {
  /** Undefined where another member cannot be asked, or need not be. */
  target(): ForwardTarget | undefined
  readonly clock: Clock
  /** When trying again makes sense for those who are refused. */
  readonly retryDelayMs: number
}

/** The leader was not asked, or had too much to do. */
const refusals: ReadonlySet<GoetheErrorCode> = new Set(['GOETHE_UNAVAILABLE', 'GOETHE_LIMIT'])

/**
 * How long a caller waits at most until what was done can be read here. A follower that is in sync
 * takes milliseconds; one that catches up is far behind, and its callers should not wait for that.
 */
const visibleMsMax = 2000

export class Forwarder {
  /** How often it was asked, by the code of what came of it, or 'OK'. */
  readonly results = new Map<string, number>()
  readonly #options: ForwarderOptions

  constructor(options: ForwarderOptions) {
    this.#options = options
  }

  get target(): ForwardTarget | undefined {
    return this.#options.target()
  }

  /**
   * Has the leader carry out a call; what it has written can be read here then. Rejects as the
   * leader does; where it was certainly not done also with GOETHE_UNAVAILABLE, GOETHE_LIMIT, and
   * GOETHE_NOT_LEADER for what is too large to be passed on; where nobody knows with
   * GOETHE_OUTCOME_UNKNOWN; and with GOETHE_ABORTED.
   */
  async carry<Request, Response>(
    target: ForwardTarget,
    method: Method<Request, Response>,
    request: Request,
    signal?: AbortSignalLike,
  ): Promise<Response> {
    let code = 'GOETHE_INTERNAL'
    try {
      const response = await this.#carry(target, method, request, signal)
      code = 'OK'
      return response
    } catch (error) {
      if (isGoetheError(error)) code = error.code
      throw error
    } finally {
      this.results.set(code, (this.results.get(code) ?? 0) + 1)
    }
  }

  async #carry<Request, Response>(
    { member, leader, refusal }: ForwardTarget,
    method: Method<Request, Response>,
    request: Request,
    signal: AbortSignalLike | undefined,
  ): Promise<Response> {
    const bytes = encodeRequest(method, request, activeSpanHeaders())
    if (bytes.length > member.forwardBytesMax) throw refusal
    const { appliedLsn, outcome } = decodeAnswer(await this.#ask(member, leader, bytes, signal))
    await this.#visible(member, appliedLsn, signal)
    if (outcome instanceof GoetheError) throw outcome
    return method.response.decode(outcome)
  }

  async #ask(
    member: ForwardingMember,
    leader: string,
    bytes: Uint8Array,
    signal: AbortSignalLike | undefined,
  ): Promise<Uint8Array> {
    try {
      return await member.forward(leader, bytes, signal)
    } catch (error) {
      if (!isGoetheError(error) || !refusals.has(error.code)) throw error
      // Where members are is nothing for callers.
      const isAway = error.code === 'GOETHE_UNAVAILABLE'
      const message = isAway ? `${leader} leads, and cannot be reached just now` : error.message
      const { retryDelayMs } = this.#options
      throw new GoetheError(error.code, message, { cause: error, details: { retryDelayMs } })
    }
  }

  /** Resolves once readers see here what the leader has shown, or it is not to be waited for. */
  async #visible(
    member: ForwardingMember,
    lsn: number,
    signal: AbortSignalLike | undefined,
  ): Promise<void> {
    if (signal?.aborted === true) return
    const ends: (() => void)[] = []
    await new Promise<void>((resolve) => {
      ends.push(member.whenApplied(lsn, resolve))
      ends.push(this.#options.clock.setTimer(resolve, visibleMsMax))
      if (signal === undefined) return
      signal.addEventListener('abort', resolve, { once: true })
      ends.push(() => signal.removeEventListener('abort', resolve))
    })
    for (const end of ends) end()
  }
}
