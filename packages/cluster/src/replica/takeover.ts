/**
 * How a member that does not lead comes to lead (rules 1, 2, 3 and 12).
 *
 * Time only decides when it tries. To try is: read the record, promise the next epoch on disk, then
 * ask for it by compare-and-set. When no answer comes, the attempt stands until a read shows that
 * the record has moved on.
 */
import type { ChangeOutcome, VersionedRecord } from '../coordinator/coordinator.js'
import type { ClusterRecord } from '../record.js'
import type { Context } from './context.js'
import { LeaderSilence } from './leader-silence.js'
import { OperatorRecovery } from './operator-recovery.js'
import { holderTrouble, isForeign, recordTrouble } from './record-trouble.js'
import { recordToAskFor } from './record-to-ask-for.js'

/** What takeover asks of the replica. */
export interface TakeoverEvents {
  /** The record is this member's: it leads. */
  won(won: VersionedRecord): void
  /** The record tells of an epoch: follow it, unless a higher one is known. */
  seen(record: ClusterRecord): void
  /** From now on messages of lower epochs are refused. */
  promised(): void
}

type Attempt = { readonly token: string | undefined; readonly record: ClusterRecord }

export class Takeover {
  /** What keeps this member from taking part, for people. */
  get problem(): string | undefined {
    return this.#recordProblem ?? holderTrouble(this.#known) ?? this.#turnedAway
  }
  #recordProblem: string | undefined
  /** Why the last attempt to lead was turned away. */
  #turnedAway: string | undefined
  #known: VersionedRecord | undefined
  #read = false
  #mustRead = true
  #pauseUntilMs = -Infinity
  #readMs = -Infinity
  // Since when the record was seen to stand still, without a gap in the reads.
  #tokenSinceMs: number | undefined
  #attempt: Attempt | undefined
  readonly #silence: LeaderSilence
  readonly #recovery: OperatorRecovery

  constructor(
    private readonly context: Context,
    private readonly events: TakeoverEvents,
  ) {
    this.#silence = new LeaderSilence(context)
    this.#recovery = new OperatorRecovery(context)
  }

  /** Whether the record was read since the start: before that no leader is answered (rule 2). */
  get informed(): boolean {
    return this.#read
  }

  get record(): ClusterRecord | undefined {
    return this.#known?.record
  }

  /** Whether the leader was heard just now, which is what other members want to know (rule 3). */
  get hearsLeader(): boolean {
    return this.#silence.hearsLeader
  }

  /** Whether this member may lead, if it has what it takes: where one is named, that one alone. */
  get mayBeChosen(): boolean {
    const { namedLeader } = this.context.options
    return namedLeader === undefined || namedLeader === this.context.self.member
  }

  leaderHeard(): void {
    this.#turnedAway = undefined
    // There is no need any more for a leader that may lack something.
    this.#recovery.end()
    this.#silence.end()
  }

  /** A message of the leader is on its way in: what it says is not known yet, but that somebody says it. */
  leaderSends(): void {
    this.#silence.end()
  }

  /** Another in-sync member says that it hears the leader, as it says for a while after the last word. */
  othersHeard(): void {
    this.#silence.othersHeard()
  }

  /** The leader that gave up its lead wants this member to be next. */
  invite(): void {
    this.#silence.invite()
    this.#pauseUntilMs = -Infinity
    this.readSoon()
  }

  /** An operator wants this member to lead, whatever may be missing here; tried until then. */
  recover(deadlineMs: number): void {
    this.#recovery.want(deadlineMs)
    this.readSoon()
  }

  readSoon(): void {
    this.#mustRead = true
    this.continue()
  }

  /** The lead was lost or given up: be patient anew. */
  rest(): void {
    this.#attempt = undefined
    this.#mustRead = true
    this.#tokenSinceMs = undefined
    this.#silence.beginAnew()
  }

  /** Time passed, or something is on disk. */
  continue(): void {
    const { coordinator, facts, nowMs, options } = this.context
    if (coordinator.busy) return
    if (this.#attempt !== undefined) {
      const { epoch, recovery } = this.#attempt.record
      const isLate = recovery?.epoch === epoch && !this.#recovery.wanted
      if (facts.attempt?.epoch !== epoch || isLate) this.#attempt = undefined
      else if (facts.durable) {
        const { token, record } = this.#attempt
        this.#attempt = { token, record }
        return coordinator.change(this.#asker, token, record)
      } else return
    }
    if (nowMs < this.#pauseUntilMs) return
    const due = nowMs - this.#readMs >= options.times.renewMs || this.#tries(this.#known)
    if (this.#mustRead || due) coordinator.read(this.#asker)
  }

  readFailed(): void {
    this.#tokenSinceMs = undefined
    this.#pause()
  }

  /** What a read found that began when `seenEpochThen` was the highest epoch known. */
  read(found: VersionedRecord | undefined, seenEpochThen: number): void {
    const { nowMs } = this.context
    this.#mustRead = false
    this.#readMs = nowMs
    const { clusterId } = this.context.facts
    this.#recordProblem = recordTrouble(found?.record, clusterId, this.#knownThen(seenEpochThen))
    if (found === undefined || this.#recordProblem !== undefined) this.#pause()
    if (isForeign(found?.record, clusterId)) this.#recovery.end()
    if (found === undefined) this.#foundNone()
    else if (this.#recordProblem === undefined || this.#recovery.wanted) this.#found(found)
    this.continue()
  }

  changed(answer: ChangeOutcome): void {
    const attempt = this.#attempt
    this.#attempt = undefined
    const outcome = this.context.options.rules.outcome(answer)
    this.#mustRead = true
    this.#turnedAway = outcome.outcome === 'failed' ? reasonOf(outcome.cause) : undefined
    // What is turned away now would be again: a right that is missing takes a person.
    if (outcome.outcome === 'unknown' || outcome.outcome === 'failed') this.#pause()
    if (outcome.outcome !== 'changed' || attempt === undefined) return this.continue()
    this.#win({ record: attempt.record, token: outcome.token })
  }

  #found(found: VersionedRecord): void {
    const { record, token } = found
    const { facts, nowMs, self, options } = this.context
    if (token !== this.#known?.token || this.#tokenSinceMs === undefined) this.#tokenSinceMs = nowMs
    if (record.epoch > (this.#known?.record.epoch ?? 0)) this.#silence.end()
    this.#known = found
    this.#read = true
    const { attempt } = facts
    if (attempt !== undefined && options.rules.attemptFailed(attempt.token, token)) {
      const own = options.rules.isOwn(record.leader, self)
      if (own && record.epoch === attempt.epoch) return this.#win(found)
      facts.withdraw()
    }
    this.#recovery.seen(record.epoch)
    this.events.seen(record)
    if (this.#tries(found)) this.#try(found)
  }

  #foundNone(): void {
    const { facts } = this.context
    if (this.#recovery.wanted && facts.clusterId !== undefined) return this.#try(undefined)
    if (!this.#mayCreate || !this.mayBeChosen) return
    this.#read = true
    this.#try(undefined)
  }

  /** When to try (rule 3). */
  #tries(found: VersionedRecord | undefined): boolean {
    const { facts, nowMs, options, self } = this.context
    if (!this.mayBeChosen) return false
    if (found === undefined) return this.#mayCreate
    const { record, heldBy } = found
    const stoodMs = this.#tokenSinceMs === undefined ? 0 : nowMs - this.#tokenSinceMs
    // Who is no member is a leader that is not heard: its lease is what there is to go by.
    if (heldBy !== undefined && stoodMs < heldBy.leaseMs) return false
    if (this.#recovery.wanted) return true
    if (!options.rules.mayLead(record, self.storeId)) return false
    // An attempt that may yet succeed keeps this member from following anybody.
    if (facts.attempt !== undefined) return true
    // The named one does not wait for others, who do not try.
    if (options.namedLeader !== undefined) return true
    if (heldBy !== undefined) return true
    const { leader } = record
    if (leader === undefined) return this.#silence.isLongAfterLead
    // An older incarnation of this very store leads no more (rule 12).
    if (leader.storeId === self.storeId) return true
    return this.#silence.isLong || stoodMs >= options.times.leaseMs
  }

  /** Promises the next epoch; the request itself leaves when the promise is on disk. */
  #try(found: VersionedRecord | undefined): void {
    const { facts } = this.context
    const token = found?.token
    const record = recordToAskFor(this.context, found?.record, {
      unclean: this.#recovery.wanted,
      lost: this.#recordProblem !== undefined,
    })
    facts.promise(record.epoch, token)
    this.#attempt = { token, record }
    this.events.promised()
  }

  /** A leader that was named anew does not go on from a record below an epoch that it granted. */
  #knownThen(seenEpochThen: number): number {
    const { granted } = this.context.facts
    return this.mayBeChosen ? Math.max(seenEpochThen, granted?.epoch ?? 0) : seenEpochThen
  }

  #win(won: VersionedRecord): void {
    this.#turnedAway = undefined
    // What was wrong with the record before is put right by the new one.
    this.#recordProblem = undefined
    this.#recovery.end()
    this.#known = won
    this.events.won(won)
  }

  #pause(): void {
    const { nowMs, options } = this.context
    this.#pauseUntilMs = nowMs + options.times.retryMs * (0.5 + options.random())
  }

  get #mayCreate(): boolean {
    const { options, facts, peersVirgin } = this.context
    return options.rules.mayCreate(facts.clusterId, peersVirgin)
  }

  get #asker() {
    return { seenEpoch: this.context.facts.seenEpoch, role: 'follower' } as const
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
