/**
 * Linearizable reads at a follower. It asks the leader what is committed, which answers once all of the
 * in-sync set have confirmed its lead, and waits until that is applied here: what is read here then is
 * as new as what the leader would have shown.
 *
 * One question is under way at a time, for all who wait when it goes out. Who comes later is part of
 * the next one: the answer to one before may lack what was acknowledged meanwhile.
 */
import { confirmationMsMax } from './confirmations.js'
import type { Context } from './context.js'
import type { Refusal } from './effect.js'
import type { Follower } from './follower.js'
import type { Confirmed } from './messages.js'

interface Waiting {
  readonly confirmation: number
  readonly sinceMs: number
  /** The first question that was asked since it waits. */
  request: number | undefined
  /** What was committed then, by the leader's answer. */
  lsn: number | undefined
}

export class FollowerConfirmations {
  #waiting: Waiting[] = []
  /** That of the leader who is asked. */
  #epoch = 0
  /** The latest question. It begins anywhere, so that no answer to a former process is taken for ours. */
  #request: number
  /** When that went out; undefined once it was answered. */
  #requestedMs: number | undefined

  constructor(
    private readonly context: Context,
    /** What those are told who have to ask the leader themselves. */
    private readonly elsewhere: () => Refusal,
  ) {
    this.#request = Math.floor(context.options.random() * 2 ** 31)
  }

  ask(confirmation: number, follower: Follower): void {
    if (this.#waiting.length === 0) this.#epoch = follower.epoch
    const sinceMs = this.context.nowMs
    this.#waiting.push({ confirmation, sinceMs, request: undefined, lsn: undefined })
  }

  /** The answer to a question counts for all who waited when it went out. */
  answered({ request, lsn }: Confirmed): void {
    const { rules } = this.context.options
    if (request > this.#request) return
    if (request === this.#request) this.#requestedMs = undefined
    for (const one of this.#waiting) {
      if (rules.isAnswered(one.request, request)) one.lsn ??= lsn
    }
  }

  /** Something happened that may concern those who wait; this is whom this member follows by now. */
  continue(follower: Follower | undefined): void {
    if (this.#waiting.length === 0) return
    if (follower?.epoch !== this.#epoch) return this.#end()
    this.#confirm()
    this.#expire()
    this.#question(follower)
  }

  /** Those see what they have to see. */
  #confirm(): void {
    const { applier, emit, options } = this.context
    this.#waiting = this.#waiting.filter(({ confirmation, lsn }) => {
      const waits = lsn === undefined || !options.rules.isReadable(applier.appliedLsn, lsn)
      if (!waits) emit({ type: 'confirmed', confirmation })
      return waits
    })
  }

  /** Those had better ask the leader where this member is behind, or try again where it does not answer. */
  #expire(): void {
    const { nowMs, options } = this.context
    const sinceMs = nowMs - confirmationMsMax(options.times)
    const reason = 'the leader does not confirm what is committed'
    this.#waiting = this.#waiting.filter((one) => {
      if (one.sinceMs > sinceMs) return true
      this.#refuse(one, one.lsn === undefined ? { code: 'UNAVAILABLE', reason } : this.elsewhere())
      return false
    })
  }

  #question(follower: Follower): void {
    const { nowMs, options } = this.context
    const unanswered = this.#waiting.filter(({ lsn }) => lsn === undefined)
    if (unanswered.length === 0) return
    // It may be lost, or its answer.
    const patienceMs = options.times.heartbeatMs * 2
    if (this.#requestedMs !== undefined && nowMs - this.#requestedMs < patienceMs) return
    this.#requestedMs = nowMs
    this.#request += 1
    for (const one of unanswered) one.request ??= this.#request
    follower.confirm(this.#request)
  }

  /** The leader that was asked is followed no more. */
  #end(): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#requestedMs = undefined
    const reason = 'the lead has changed meanwhile'
    for (const one of waiting) this.#refuse(one, { code: 'UNAVAILABLE', reason })
  }

  #refuse({ confirmation }: Waiting, refusal: Refusal): void {
    this.context.emit({ type: 'unconfirmed', confirmation, refusal })
  }
}
