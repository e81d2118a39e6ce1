/** How a leader keeps the in-sync set and the record: shrink, grow, renew, release (rules 3, 5, 6, 7). */
import type { ChangeOutcome, VersionedRecord } from '../coordinator/coordinator.js'
import type { ClusterRecord, MemberStore } from '../record.js'
import type { Context } from './context.js'
import { CopiesWanted } from './copies-wanted.js'
import type { FollowerProgress } from './follower-progress.js'
import type { Leader } from './leader.js'
import { lossesOf } from './losses.js'
import { recordIsDisplaced } from './record-trouble.js'
import { Removals } from './removals.js'

export class Membership {
  readonly #startedMs: number
  readonly #removals: Removals
  readonly #copies: CopiesWanted
  #mustRead = false
  #pauseUntilMs = -Infinity
  #changedMs: number
  #handingOverSinceMs: number | undefined
  #stopping = false
  #problem: string | undefined
  #isForeign = false

  constructor(
    private readonly context: Context,
    private readonly leader: Leader,
  ) {
    this.#removals = new Removals(leader.set, context.options.rules)
    this.#copies = new CopiesWanted(leader.set, context.options.rules)
    this.#startedMs = context.nowMs
    this.#changedMs = context.nowMs
  }

  get handingOver(): boolean {
    return this.#handingOverSinceMs !== undefined
  }

  /** Whether giving up the lead takes longer than it should: the coordinator may be away. */
  get handsOverLong(): boolean {
    const { nowMs, options } = this.context
    return nowMs - (this.#handingOverSinceMs ?? nowMs) >= 2 * options.times.replicaTimeoutMs
  }

  /** Everybody who hears the leader: those discovered, and those in the set. */
  members(): Set<string> {
    const { peers, self } = this.context
    const members = new Set(peers)
    for (const { member } of this.leader.set.needed) members.add(member)
    members.delete(self.member)
    return members
  }

  tick(): void {
    if (this.context.nowMs - this.#changedMs >= this.context.options.times.renewMs) {
      this.#mustRead ||= this.leader.set.uncertain
    }
    this.coordinate()
  }

  /** Gives the lead to somebody else; `stopping` also gives up the place in the set, if it may. */
  handOver(stopping: boolean): void {
    this.#stopping ||= stopping
    this.#handingOverSinceMs ??= this.context.nowMs
    this.coordinate()
  }

  /** Whether an operator took a store out, and commit does not wait for it any more. */
  isOut(storeId: string): boolean {
    const needed = this.leader.set.needed.some((store) => store.storeId === storeId)
    return !needed && this.#removals.has(storeId)
  }

  /** Takes out the stores of this member that are known, and `storeId` if it is given. */
  remove(member: string, storeId?: string): void {
    const { set, followers } = this.leader
    const senders = [...followers.values()].map(({ sender }) => sender)
    const known = [...set.needed, ...senders].filter((store) => store.member === member)
    this.#removals.add(storeId === undefined ? known : [...known, { member, storeId }])
    this.coordinate()
  }

  /** Lets in again what was taken out under this name. */
  admit(member: string): void {
    this.#removals.admit(member)
    this.coordinate()
  }

  /** Wants at least so many stores in sync from now on. */
  setMinInSync(minInSync: number): void {
    this.#copies.want(minInSync)
    this.coordinate()
  }

  /** A watch says that the record may have been changed by somebody else. */
  readSoon(): void {
    this.#mustRead = true
    this.coordinate()
  }

  /** Asks the coordinator for what is wanted next, if anything. */
  coordinate(): void {
    const { coordinator, nowMs } = this.context
    this.#letGo()
    this.#giveWay()
    if (coordinator.busy || nowMs < this.#pauseUntilMs) return
    if (this.#mustRead) return coordinator.read(this.#asker)
    const { set } = this.leader
    const record = this.#wanted(set.record)
    if (record === undefined) return
    // From here on commit needs both, the old set and the new one.
    set.attempt(record)
    coordinator.change(this.#asker, set.token, record)
  }

  changed(answer: ChangeOutcome): void {
    const { set } = this.leader
    const { nowMs, options } = this.context
    const outcome = options.rules.outcome(answer)
    if (outcome.outcome === 'changed') {
      set.changed(outcome.token)
      this.#changedMs = nowMs
    } else {
      if (outcome.outcome === 'refused') set.refused()
      else this.#pause()
      this.#mustRead = true
    }
  }

  /** What a read found; the caller has checked that it is still this leader's. */
  read({ record, token }: VersionedRecord): void {
    this.#mustRead = false
    this.#problem = undefined
    if (token !== this.leader.set.token) this.#changedMs = this.context.nowMs
    this.leader.set.read(record, token)
  }

  /**
   * Somebody deleted the record, or put an older one or that of another cluster in its place. Nobody
   * who knows of this leader comes to lead by that, so it goes on with the set that it knows, until the
   * record is there again or an operator makes it lead anew.
   */
  recordIsUnfit(problem: string, isForeign: boolean): void {
    this.#problem = problem
    this.#isForeign = isForeign
    this.#pause()
  }

  /** Whether an operator may make this member lead anew, as its record was lost. */
  get mayBeginAnew(): boolean {
    return this.#problem !== undefined && !this.#isForeign
  }

  /** What is wrong with the record, or with a store that lost something, as a sentence. */
  get problem(): string | undefined {
    const displaced = this.leader.set.displaced ? recordIsDisplaced : undefined
    return this.#problem ?? displaced ?? lossesOf(this.#followers, ({ lacking }) => lacking)
  }

  /** Which stores lost something in this epoch, as a sentence, although they have it again by now. */
  get losses(): string | undefined {
    return lossesOf(this.#followers, () => true)
  }

  get #followers(): readonly FollowerProgress[] {
    return [...this.leader.followers.values()]
  }

  readFailed(): void {
    this.#pause()
  }

  /** Who should lead next: the most advanced of those that hold everything. */
  successor(): FollowerProgress | undefined {
    const { journal, options, nowMs } = this.context
    if (options.namedLeader !== undefined) return undefined
    return [...this.leader.followers.values()]
      .filter(({ sender: { storeId } }) => this.leader.set.has(storeId))
      .filter(({ sender: { storeId } }) => !this.#removals.has(storeId))
      .filter(({ heldLsn, leaving }) => heldLsn >= journal.last.lsn && !leaving)
      .filter(({ lastHeardMs }) => nowMs - lastHeardMs < options.times.electionTimeoutMs)
      .sort((first, second) => second.flushedLsn - first.flushedLsn)[0]
  }

  /** Why appends are refused, as a sentence for people; undefined when they are taken (rule 7). */
  whyNotWritable(): string | undefined {
    const { leader } = this
    if (this.handingOver) return `the leader of epoch ${leader.epoch} hands over`
    const { set } = leader
    const fewest = this.context.options.rules.fewest(set.record)
    const missing = this.#members(set.needed).filter((store) => this.#lags(store))
    const present = set.record.inSync.filter((store) => !missing.includes(store)).length
    const stuckMs = Math.max(0, ...missing.map((store) => this.#silentMs(store)))
    const stuck = stuckMs >= 2 * this.context.options.times.replicaTimeoutMs
    if (present >= fewest && !stuck) {
      return leader.leading ? undefined : `the leader of epoch ${leader.epoch} is still taking over`
    }
    const { lsn } = this.context.journal.last
    const behind = [...leader.followers.values()]
      .filter(({ sender }) => !missing.some(({ storeId }) => storeId === sender.storeId))
      .filter(({ heldLsn }) => heldLsn < lsn)
      .map(
        ({ sender, heldLsn }) =>
          `${sender.member} is ${(lsn - heldLsn).toLocaleString('en-US')} entries behind`,
      )
    const silent = missing.map(({ member }) => `${member} does not acknowledge`)
    return [`in sync ${present} of ${fewest} needed`, ...silent, ...behind].join('; ')
  }

  /** The record as it should be, or undefined when it is well. */
  #wanted(record: ClusterRecord): ClusterRecord | undefined {
    const { nowMs, options } = this.context
    if (this.#mayRelease()) return this.#released(record)
    const inSync = this.#wantedSet(record)
    const removed = this.#removals.missing
    if (inSync !== undefined) return { ...record, ...removed, inSync }
    if (removed !== undefined) return { ...record, ...removed }
    const copies = this.#copies.missing()
    if (copies !== undefined) return { ...record, ...copies }
    if (this.leader.set.displaced) return record
    if (nowMs - this.#changedMs >= options.times.renewMs) return record
    return undefined
  }

  #released(record: ClusterRecord): ClusterRecord {
    const others = this.#members(record.inSync)
    const enough = others.length >= this.context.options.rules.fewest(record)
    // Without anybody to take over it stays in the set, to lead again when it is back.
    const leaves = this.#stopping && enough && this.successor() !== undefined
    return { ...record, leader: undefined, inSync: leaves ? others : record.inSync }
  }

  #wantedSet(record: ClusterRecord): readonly MemberStore[] | undefined {
    const joining = [...this.leader.followers.values()]
      .filter((follower) => this.#mayJoin(follower))
      .map(({ sender: { member, storeId } }) => ({ member, storeId }))
    const wanted = [...record.inSync, ...joining]
    const going = this.#members(record.inSync)
      .filter((store) => this.#lacks(store) || this.#lags(store) || this.#goes(store))
      .sort(
        (first, second) =>
          Number(this.#lacks(second)) - Number(this.#lacks(first)) ||
          this.#silentMs(second) - this.#silentMs(first),
      )
    const fewest = this.context.options.rules.fewest(record)
    const gone = going.slice(0, Math.max(0, wanted.length - fewest))
    if (joining.length === 0 && gone.length === 0) return undefined
    return wanted
      .filter((store) => !gone.includes(store))
      .sort((first, second) => (first.member < second.member ? -1 : 1))
  }

  #mayJoin({ sender, heldLsn, leaving, lastProgressMs, nextLsn }: FollowerProgress): boolean {
    const { applier, options, nowMs } = this.context
    return (
      nextLsn !== undefined &&
      !this.leader.set.has(sender.storeId) &&
      !leaving &&
      !this.#removals.has(sender.storeId) &&
      nowMs - lastProgressMs < options.times.replicaTimeoutMs / 2 &&
      options.rules.mayJoin(heldLsn, applier.commitLsn, this.leader.markLsn)
    )
  }

  /** Whether the lead may be given up now: everything is done, or was waited for in vain. */
  #mayRelease(): boolean {
    if (this.#handingOverSinceMs === undefined) return false
    const { applier, journal, nowMs, options } = this.context
    const awaited = options.namedLeader === undefined
    const done =
      applier.appliedLsn >= journal.last.lsn && (!awaited || this.successor() !== undefined)
    return done || nowMs - this.#handingOverSinceMs >= options.times.replicaTimeoutMs
  }

  /** A leader that was removed lets another one lead as soon as there is one. */
  #giveWay(): void {
    const { record } = this.leader.set
    if (!this.#removals.has(this.context.self.storeId) || this.#stopping) return
    const others = this.#members(record.inSync)
    if (others.length < this.context.options.rules.fewest(record)) return
    if (this.successor() === undefined) return
    this.#stopping = true
    this.#handingOverSinceMs ??= this.context.nowMs
  }

  /** Tells those who want to stop that they may: they are out, or the set cannot be smaller. */
  #letGo(): void {
    const { set } = this.leader
    for (const { sender, leaving } of this.leader.followers.values()) {
      if (!leaving) continue
      const needed = set.needed.some(({ storeId }) => storeId === sender.storeId)
      const small = set.record.inSync.length <= this.context.options.rules.fewest(set.record)
      if (!needed || (small && !set.uncertain)) this.leader.send(sender, { type: 'left' })
    }
  }

  #goes({ storeId }: MemberStore): boolean {
    return this.#removals.has(storeId) || (this.leader.followers.get(storeId)?.leaving ?? false)
  }

  /** Whether it has lost what a store of the set has to have, and has not got it again. */
  #lacks({ storeId }: MemberStore): boolean {
    return this.leader.followers.get(storeId)?.lacking ?? false
  }

  #lags(store: MemberStore): boolean {
    return this.#silentMs(store) >= this.context.options.times.replicaTimeoutMs
  }

  /** How long a store has not acknowledged anything new although there was something. */
  #silentMs({ storeId }: MemberStore): number {
    const since = this.leader.followers.get(storeId)?.lastProgressMs ?? this.#startedMs
    return this.context.nowMs - since
  }

  /** All but the leader itself. */
  #members(stores: readonly MemberStore[]): MemberStore[] {
    return stores.filter(({ storeId }) => storeId !== this.context.self.storeId)
  }

  #pause(): void {
    const { nowMs, options } = this.context
    this.#pauseUntilMs = nowMs + options.times.retryMs * (0.5 + options.random())
  }

  get #asker() {
    return { seenEpoch: this.context.facts.seenEpoch, role: 'leader' } as const
  }
}
