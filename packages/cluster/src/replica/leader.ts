/**
 * A member that leads, for one epoch.
 *
 * It marks its epoch in the journal (rule 8), feeds every follower, commits what all of the in-sync
 * set hold (rule 4), and keeps the set in the coordinator's record (rules 5 and 6).
 */
import { assert } from '@goethe/core'
import type { VersionedRecord } from '../coordinator/coordinator.js'
import type { ClusterRecord } from '../record.js'
import { type Context, envelope } from './context.js'
import type { Refusal } from './effect.js'
import { FollowerProgress } from './follower-progress.js'
import { HeldProposals } from './held-proposals.js'
import { InSyncSet } from './in-sync-set.js'
import type { Input } from './input.js'
import type { Acknowledge, FromFollower, FromLeader, Reconcile, Sender } from './messages.js'
import { Membership } from './membership.js'
import { Proposals } from './proposals.js'
import { type Asker, Confirmations } from './confirmations.js'

export class Leader {
  readonly set: InSyncSet
  readonly markLsn: number
  readonly followers = new Map<string, FollowerProgress>()
  readonly membership: Membership
  readonly #proposals: Proposals
  readonly #held: HeldProposals
  readonly #confirmations: Confirmations
  #leading = false
  #heartbeatMs = -Infinity
  #announcedLsn = 0
  /** What is known to be committed when the lead begins: these stores have to have it. */
  readonly #founders: { readonly storeIds: ReadonlySet<string>; readonly lsn: number }
  #trimLsn = 0

  constructor(
    private readonly context: Context,
    readonly epoch: number,
    { record, token }: VersionedRecord,
  ) {
    this.set = new InSyncSet(record, token, context.options.rules)
    this.#founders = {
      storeIds: new Set(record.inSync.map(({ storeId }) => storeId)),
      lsn: context.applier.commitLsn,
    }
    this.membership = new Membership(context, this)
    this.#proposals = new Proposals(context)
    this.#held = new HeldProposals(context)
    this.#confirmations = new Confirmations(context, (to, body) => this.send(to, body))
    this.markLsn = this.#append(undefined, 0)
    this.#heartbeats()
  }

  /** Whether the epoch's mark is applied, so that proposals are taken. */
  get leading(): boolean {
    return this.#leading
  }

  tick(): void {
    const { nowMs, options } = this.context
    if (nowMs - this.#heartbeatMs >= options.times.heartbeatMs) this.#heartbeats()
    for (const follower of this.followers.values()) this.#feed(follower)
    this.membership.tick()
    const reason = this.membership.whyNotWritable()
    if (reason !== undefined && this.membership.handsOverLong) {
      this.#held.refuse({ code: 'UNAVAILABLE', reason })
    }
    // The set may have become smaller since somebody answered.
    this.#answerConfirmations()
    this.#confirmations.expire(reason ?? 'the others have not confirmed who leads')
  }

  propose({ proposal, payload, bytes }: Extract<Input, { type: 'propose' }>): void {
    const reason = this.membership.whyNotWritable()
    if (reason !== undefined) {
      const { handingOver, handsOverLong } = this.membership
      const soon = handingOver && !handsOverLong && this.#leading
      if (soon && this.#held.add(proposal, bytes)) return
      const refusal: Refusal = { code: 'UNAVAILABLE', reason }
      return this.context.emit({ type: 'reject', proposal, refusal })
    }
    const lsn = this.#append(payload, bytes)
    this.#proposals.add(proposal, lsn, bytes)
    for (const follower of this.followers.values()) this.#feed(follower)
  }

  confirm(confirmation: number): void {
    if (!this.#leading) {
      const refusal: Refusal = { code: 'UNAVAILABLE', reason: this.membership.whyNotWritable()! }
      return this.context.emit({ type: 'unconfirmed', confirmation, refusal })
    }
    this.#confirm({ confirmation })
  }

  receive(sender: Sender, body: FromFollower): void {
    const { nowMs } = this.context
    if (this.membership.isOut(sender.storeId)) {
      this.followers.delete(sender.storeId)
      if (body.type === 'leave') this.send(sender, { type: 'left' })
      return
    }
    if (body.type === 'confirm') {
      // It asks again where there is no answer.
      if (this.#leading) this.#confirm({ to: sender, request: body.request })
      return
    }
    const follower = this.followers.get(sender.storeId) ?? new FollowerProgress(sender, nowMs)
    this.followers.set(sender.storeId, follower)
    follower.heard(sender, nowMs)
    if (body.type === 'reconcile') this.#reconcile(follower, body)
    else if (body.type === 'acknowledge') this.#acknowledged(follower, body)
    else if (body.type === 'leave') {
      follower.leaving = true
      this.membership.coordinate()
    }
  }

  /** What was sent to a follower takes long to arrive, and goes on arriving. */
  peerReceives(peer: Sender): void {
    const { nowMs, options } = this.context
    this.followers.get(peer.storeId)?.receives(peer, nowMs, options.times.replicaTimeoutMs)
  }

  shipped(input: Extract<Input, { type: 'shipped' }>): void {
    const follower = this.followers.get(input.storeId)
    if (follower === undefined) return
    follower.shipped(input.fromLsn, input.toLsn, input.bytes, this.context.nowMs)
    this.#feed(follower)
  }

  /** The own journal, a follower, or the in-sync set made progress. */
  commit(): void {
    const { journal, applier, options, self } = this.context
    if (!this.set.large) return
    const held = this.set.needed
      .filter(({ storeId }) => storeId !== self.storeId)
      .map(({ storeId }) => this.followers.get(storeId)?.heldLsn ?? 0)
    const lsn = options.rules.committedLsn(journal.durableLsn, held)
    applier.commit(lsn)
  }

  /** The store made progress: only now is what was proposed acknowledged. */
  applied(): void {
    const { applier, options } = this.context
    this.#proposals.applied(applier.appliedLsn)
    this.#confirmations.applied()
    this.#announceCommit()
    if (!this.#leading && options.rules.leads(applier.appliedLsn, this.markLsn)) {
      this.#leading = true
      this.context.emit({ type: 'lead', epoch: this.epoch })
    }
    this.membership.coordinate()
  }

  /** The lead is lost: all that is under way fails before anything else happens (rule 11). */
  end(): void {
    this.#proposals.end()
    this.#held.refuse({ code: 'NOT_LEADER' })
    this.#confirmations.end()
    this.context.emit({ type: 'follow' })
  }

  send(to: Sender, body: FromLeader): void {
    this.context.send(to.member, this.epoch, body, to.storeId)
  }

  #append(payload: unknown, bytes: number): number {
    const { journal, emit } = this.context
    const lsn = journal.last.lsn + 1
    const entry = { lsn, epoch: this.epoch, payload, bytes }
    emit({ type: 'append-journal', ticket: journal.append([entry]), entries: [entry] })
    return lsn
  }

  #reconcile(follower: FollowerProgress, { request, lastLsn, lastEpoch }: Reconcile): void {
    const { journal, options } = this.context
    const last = { lsn: lastLsn, epoch: lastEpoch }
    const { storeIds, lsn } = this.#founders
    const dueLsn = storeIds.has(follower.sender.storeId) ? lsn : 0
    if (follower.presents(lastLsn, dueLsn, options.rules)) this.membership.coordinate()
    const answer = options.rules.reconcile(journal.history, last)
    this.send(follower.sender, { type: 'reconciled', request, answer })
    if (answer.type === 'snapshot') {
      follower.nextLsn = undefined
      follower.snapshotLsn ??= this.context.applier.appliedLsn
    }
    if (answer.type !== 'settled') return
    follower.settled(lastLsn)
    this.#feed(follower)
  }

  #acknowledged(follower: FollowerProgress, ack: Acknowledge): void {
    const { applier, journal, nowMs, options } = this.context
    // A former process of this store may have said it, before something was lost.
    if (!follower.isPresent) return this.send(follower.sender, { type: 'reconcile-again' })
    follower.acknowledged(ack, journal.last.lsn, nowMs, options.times.heartbeatMs * 2)
    const { heldLsn } = follower
    if (options.rules.mayJoin(heldLsn, applier.commitLsn, this.markLsn)) follower.lacking = false
    if (follower.nextLsn === undefined) this.send(follower.sender, { type: 'reconcile-again' })
    this.#feed(follower)
    this.commit()
    this.#trim()
    this.#answerConfirmations()
    this.membership.coordinate()
  }

  /** Sends a follower what it lacks, as far as the limit of bytes in flight allows. */
  #feed(follower: FollowerProgress): void {
    const { journal, applier, options } = this.context
    const { nextLsn, shippingLsn, inFlightBytes, sender } = follower
    const { inFlightBytesMax, messageBytesMax } = options.limits
    if (nextLsn === undefined || nextLsn > journal.last.lsn || shippingLsn !== undefined) return
    if (inFlightBytes >= inFlightBytesMax) return
    const previousLsn = nextLsn - 1
    if (previousLsn < journal.history.base.lsn) {
      // What it needs next was trimmed: it has to ask again, and will be told to take a snapshot.
      follower.nextLsn = undefined
      return this.send(sender, { type: 'reconcile-again' })
    }
    follower.shippingLsn = nextLsn
    this.context.emit({
      type: 'ship',
      to: sender.member,
      storeId: sender.storeId,
      fromLsn: nextLsn,
      bytesMax: Math.min(inFlightBytesMax - inFlightBytes, messageBytesMax),
      message: { ...envelope(this.context, this.epoch), toStoreId: sender.storeId },
      header: {
        type: 'append',
        previousLsn,
        previousEpoch: journal.history.epochAt(previousLsn),
        commitLsn: applier.commitLsn,
      },
    })
  }

  #heartbeats(): void {
    this.#heartbeatMs = this.context.nowMs
    for (const member of this.membership.members()) this.#heartbeat(member)
  }

  #heartbeat(member: string): void {
    this.context.send(member, this.epoch, {
      type: 'heartbeat',
      commitLsn: this.context.applier.commitLsn,
      trimLsn: this.#trimLsn,
      confirm: this.#confirmations.latest,
    })
  }

  /**
   * Tells those to whom no entries go that would tell them. Those who append wait for the own store
   * alone, and what they append next often goes out before that, and tells as well.
   */
  #announceCommit(): void {
    const { journal, applier } = this.context
    const { lsn } = journal.last
    if (applier.commitLsn === this.#announcedLsn) return
    this.#announcedLsn = applier.commitLsn
    for (const { nextLsn, shippingLsn, sender } of this.followers.values()) {
      if (nextLsn !== undefined && nextLsn > lsn && shippingLsn === undefined) {
        this.#heartbeat(sender.member)
      }
    }
  }

  #trim(): void {
    const { applier, journal, options, self } = this.context
    const flushed = this.set.needed.map(({ storeId }) =>
      storeId === self.storeId
        ? applier.flushedLsn
        : (this.followers.get(storeId)?.flushedLsn ?? 0),
    )
    const allowedLsn = options.rules.trimLsn(flushed)
    const { entriesKept, entriesKeptMax, bytesKept, bytesKeptMax } = options.limits
    const before = (entries: number, bytes: number): number =>
      Math.max(journal.last.lsn - entries, journal.sizes.behind(bytes))
    const spareLsn = before(entriesKept, bytesKept)
    this.#trimLsn = Math.max(this.#trimLsn, Math.min(allowedLsn, spareLsn))
    // What followers need that are catching up stays here, within reason; what is being sent stays.
    const wanted = Math.min(...[...this.followers.values()].map((each) => this.#keepAfter(each)))
    const kept = Math.max(wanted, before(entriesKeptMax, bytesKeptMax))
    const shipping = [...this.followers.values()].map(({ shippingLsn = Infinity }) => shippingLsn)
    const lsn = Math.min(this.#trimLsn, kept, ...shipping.map((fromLsn) => fromLsn - 1))
    if (lsn <= journal.history.base.lsn) return
    journal.trim(lsn)
    this.context.emit({ type: 'trim-journal', lsn })
  }

  #keepAfter({ keepAfterLsn, lastHeardMs }: FollowerProgress): number {
    const { nowMs, options } = this.context
    const gone = nowMs - lastHeardMs >= options.times.replicaTimeoutMs
    return gone ? Infinity : (keepAfterLsn ?? Infinity)
  }

  #confirm(asker: Asker): void {
    this.#confirmations.ask(asker)
    this.#heartbeats()
    this.#answerConfirmations()
  }

  #answerConfirmations(): void {
    const { self, options } = this.context
    const answers = this.set.needed
      .filter(({ storeId }) => storeId !== self.storeId)
      .map(({ storeId }) => this.followers.get(storeId)?.confirm ?? 0)
    this.#confirmations.answered(options.rules.confirmed(answers))
  }

  /** The record was read by this leader: whether it still leads by it. */
  stillLeads({ epoch, leader }: ClusterRecord): boolean {
    assert(
      epoch >= this.epoch,
      `the record of epoch ${epoch} is older than the lead of ${this.epoch}`,
    )
    const { options, self } = this.context
    return epoch === this.epoch && options.rules.isOwn(leader, self)
  }
}
