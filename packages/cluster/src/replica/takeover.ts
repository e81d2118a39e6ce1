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
import { holderTrouble, isForeign, recordTrouble } from './record-trouble.js'

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
  #leaderHeardMs: number
  #othersHeardMs = -Infinity
  #patienceMs: number
  #invited = false
  // The highest epoch that was known when an operator gave up what may be missing here.
  #uncleanEpoch: number | undefined
  // Until when that counts, by the driver's clock.
  #uncleanUntilMs = -Infinity
  #attempt: Attempt | undefined

  constructor(
    private readonly context: Context,
    private readonly events: TakeoverEvents,
  ) {
    this.#leaderHeardMs = context.nowMs
    this.#patienceMs = this.#newPatienceMs()
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
    return this.context.nowMs - this.#leaderHeardMs < this.#hearsForMs
  }

  /** Whether this member may lead, if it has what it takes: where one is named, that one alone. */
  get mayBeChosen(): boolean {
    const { namedLeader } = this.context.options
    return namedLeader === undefined || namedLeader === this.context.self.member
  }

  leaderHeard(): void {
    this.#turnedAway = undefined
    // There is no need any more for a leader that may lack something.
    this.#uncleanEpoch = undefined
    this.#leaderHeardMs = this.context.nowMs
  }

  /** A message of the leader is on its way in: what it says is not known yet, but that somebody says it. */
  leaderSends(): void {
    this.#leaderHeardMs = this.context.nowMs
  }

  /** Another in-sync member says that it hears the leader, as it says for a while after the last word. */
  othersHeard(): void {
    this.#othersHeardMs = this.context.nowMs - this.#hearsForMs
  }

  /** The leader that gave up its lead wants this member to be next. */
  invite(): void {
    this.#invited = true
    this.#pauseUntilMs = -Infinity
    this.readSoon()
  }

  /**
   * An operator wants this member to lead, whatever may be missing here (rule 1). It was said of the
   * cluster as this member knows it: when somebody has come to lead since, or when it could not be done
   * in time, it has to be said again.
   */
  recover(deadlineMs: number): void {
    this.#uncleanEpoch = this.context.facts.seenEpoch
    this.#uncleanUntilMs = deadlineMs
    this.readSoon()
  }

  readSoon(): void {
    this.#mustRead = true
    this.continue()
  }

  /** The lead was lost or given up: be patient anew. */
  rest(): void {
    this.#attempt = undefined
    this.#invited = false
    this.#mustRead = true
    this.#tokenSinceMs = undefined
    this.#leaderHeardMs = this.context.nowMs
    this.#patienceMs = this.#newPatienceMs()
  }

  /** Time passed, or something is on disk. */
  continue(): void {
    const { coordinator, facts, nowMs, options } = this.context
    if (coordinator.busy) return
    if (this.#attempt !== undefined) {
      const { epoch, recovery } = this.#attempt.record
      const isLate = recovery?.epoch === epoch && !this.#unclean
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
    if (isForeign(found?.record, clusterId)) this.#uncleanEpoch = undefined
    if (found === undefined) this.#foundNone()
    else if (this.#recordProblem === undefined || this.#unclean) this.#found(found)
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
    if (record.epoch > (this.#known?.record.epoch ?? 0)) this.#leaderHeardMs = nowMs
    this.#known = found
    this.#read = true
    const { attempt } = facts
    if (attempt !== undefined && options.rules.attemptFailed(attempt.token, token)) {
      const own = options.rules.isOwn(record.leader, self)
      if (own && record.epoch === attempt.epoch) return this.#win(found)
      facts.withdraw()
    }
    if (record.epoch > (this.#uncleanEpoch ?? Infinity)) this.#uncleanEpoch = undefined
    this.events.seen(record)
    if (this.#tries(found)) this.#try(found)
  }

  #foundNone(): void {
    const { facts } = this.context
    if (this.#unclean && facts.clusterId !== undefined) return this.#try(undefined)
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
    if (this.#unclean) return true
    if (!options.rules.mayLead(record, self.storeId)) return false
    // An attempt that may yet succeed keeps this member from following anybody.
    if (facts.attempt !== undefined) return true
    // The named one does not wait for others, who do not try.
    if (options.namedLeader !== undefined) return true
    if (heldBy !== undefined) return true
    const { leader } = record
    const silentMs = nowMs - this.#leaderHeardMs
    if (leader === undefined) return this.#invited || silentMs >= this.#patienceMs / 2
    // An older incarnation of this very store leads no more (rule 12).
    if (leader.storeId === self.storeId) return true
    const silent = silentMs >= this.#patienceMs
    const othersHear = nowMs - this.#othersHeardMs < options.times.electionTimeoutMs
    return (silent && !othersHear) || stoodMs >= options.times.leaseMs
  }

  /** Promises the next epoch; the request itself leaves when the promise is on disk. */
  #try(found: VersionedRecord | undefined): void {
    const { facts } = this.context
    const token = found?.token
    const record = this.#recordToAskFor(found?.record)
    facts.promise(record.epoch, token)
    this.#attempt = { token, record }
    this.events.promised()
  }

  #recordToAskFor(record: ClusterRecord | undefined): ClusterRecord {
    const { facts, options, self } = this.context
    const own = { member: self.member, storeId: self.storeId }
    const leader = { ...self, address: options.address }
    const leaseDurationMs = options.times.leaseMs
    if (record === undefined || this.#unclean) {
      const { othersEpoch, clusterId = options.newClusterId } = facts
      const known = Math.max(record?.epoch ?? 0, othersEpoch)
      const lost = this.#recordProblem !== undefined
      const epoch = lost ? options.rules.epochBehind(known) : known + 1
      const minInSync = record?.minInSync ?? options.minInSync
      const removed = record?.removed?.filter(({ storeId }) => storeId !== self.storeId) ?? []
      return {
        clusterId,
        epoch,
        leader,
        inSync: [own],
        minInSync,
        ...(removed.length > 0 && { removed }),
        ...(this.#unclean && { recovery: { ...own, epoch, lsn: this.context.journal.last.lsn } }),
        leaseDurationMs,
        renewTimeMs: 0,
      }
    }
    const others = record.inSync.filter(({ storeId }) => storeId !== record.leader?.storeId)
    const lessOld =
      record.leader?.storeId !== self.storeId && others.length >= options.rules.fewest(record)
    const inSync = lessOld ? others : record.inSync
    return { ...record, epoch: record.epoch + 1, leader, inSync, leaseDurationMs }
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
    this.#uncleanEpoch = undefined
    this.#known = won
    this.events.won(won)
  }

  #pause(): void {
    const { nowMs, options } = this.context
    this.#pauseUntilMs = nowMs + options.times.retryMs * (0.5 + options.random())
  }

  #newPatienceMs(): number {
    return this.context.options.times.electionTimeoutMs * (1 + this.context.options.random() / 2)
  }

  get #mayCreate(): boolean {
    const { options, facts, peersVirgin } = this.context
    return options.rules.mayCreate(facts.clusterId, peersVirgin)
  }

  get #unclean(): boolean {
    const { clockMs = -Infinity } = this.context
    return this.#uncleanEpoch !== undefined && clockMs < this.#uncleanUntilMs
  }

  get #hearsForMs(): number {
    return this.context.options.times.heartbeatMs * 3
  }

  get #asker() {
    return { seenEpoch: this.context.facts.seenEpoch, role: 'follower' } as const
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
