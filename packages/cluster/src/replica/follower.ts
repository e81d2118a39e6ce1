/**
 * A member under a leader, for one epoch of it.
 *
 * It first brings its journal in line with the leader's (rule 9), and until that is settled it
 * neither takes entries nor applies anything. Then it takes entries without gaps, says what is safe
 * on its disk, and applies what the leader says is committed.
 */
import type { Context } from './context.js'
import type { Append, Heartbeat, Reconciled, Sender } from './messages.js'

type State = 'reconciling' | 'settled' | 'fetching-snapshot'

export class Follower {
  state: State = 'reconciling'
  #requestedMs = -Infinity
  #gapAtLsn = -1
  #acknowledgedMs = -Infinity
  #confirm = 0
  #heardCommitLsn = 0
  // Entries came too early, which the leader believes to be here.
  #missed = false

  constructor(
    private readonly context: Context,
    readonly epoch: number,
    readonly leader: Sender,
  ) {}

  /** Whether this very process is the leader that is followed. */
  isUnder({ storeId, incarnation }: Sender): boolean {
    return storeId === this.leader.storeId && incarnation === this.leader.incarnation
  }

  /** The disk made progress, or time did. */
  continue(): void {
    const { nowMs, options } = this.context
    const waited = nowMs - this.#requestedMs >= options.times.heartbeatMs * 2
    if (this.state === 'reconciling' && waited) this.#reconcile()
  }

  heartbeat({ commitLsn, trimLsn, confirm }: Heartbeat): void {
    this.continue()
    if (this.state === 'fetching-snapshot') this.#send({ type: 'catching-up' })
    this.#commit(commitLsn)
    if (this.state !== 'settled') return
    const asked = confirm > this.#confirm
    this.#confirm = Math.max(this.#confirm, confirm)
    this.#gapAtLsn = -1
    this.#trim(trimLsn)
    // One that tells of a commit comes right behind an acknowledgement, and needs none of its own.
    const { nowMs, options } = this.context
    const silentMs = nowMs - this.#acknowledgedMs
    if (asked || silentMs >= options.times.heartbeatMs / 2) this.acknowledge()
  }

  append({ previousLsn, previousEpoch, entries, commitLsn }: Append): void {
    if (this.state !== 'settled') {
      this.#missed = true
      return this.continue()
    }
    const { journal } = this.context
    const { last } = journal
    if (previousLsn > last.lsn) return this.#reportGap()
    this.#gapAtLsn = -1
    const news = entries.filter(({ lsn }) => lsn > last.lsn)
    if (news.length > 0) {
      if (previousLsn === last.lsn && previousEpoch !== last.epoch) {
        return this.context.halt(
          `entry ${last.lsn} is of epoch ${last.epoch} here, of epoch ${previousEpoch} on the leader`,
        )
      }
      const ticket = journal.append(news)
      this.context.emit({ type: 'append-journal', ticket, entries: news })
    }
    this.#commit(commitLsn)
    // What is new is acknowledged when it is safe.
    if (news.length === 0) this.acknowledge()
  }

  reconciled({ request, answer }: Reconciled): void {
    if (this.state !== 'reconciling' || request !== this.context.request) return
    switch (answer.type) {
      case 'settled':
        this.state = 'settled'
        this.acknowledge(this.#missed)
        this.#missed = false
        return
      case 'snapshot':
        return this.#fetchSnapshot()
      case 'truncate':
        this.#truncate(answer.epoch, answer.lsn)
        return this.#reconcile()
    }
  }

  reconcileAgain(): void {
    if (this.state !== 'settled') return
    this.state = 'reconciling'
    this.#reconcile()
  }

  /** Says what is safe here, once that this epoch was seen is safe too (rule 2). */
  acknowledge(gap = false): void {
    const { facts, journal, applier, options } = this.context
    if (this.state !== 'settled' || !facts.durable) return
    this.#acknowledgedMs = this.context.nowMs
    this.#send({
      type: 'acknowledge',
      durableLsn: options.rules.acknowledgedLsn(journal),
      receivedLsn: journal.last.lsn,
      flushedLsn: applier.flushedLsn,
      confirm: this.#confirm,
      gap,
    })
  }

  /** Asks what is committed, for a linearizable read here. */
  confirm(request: number): void {
    this.#send({ type: 'confirm', request })
  }

  /** Asks to be let go, for a graceful stop. */
  leave(): void {
    if (this.context.facts.durable) this.#send({ type: 'leave' })
  }

  /** What the leader says is committed; undefined before this journal is in line with its. */
  get heardCommitLsn(): number | undefined {
    return this.state === 'settled' ? this.#heardCommitLsn : undefined
  }

  /** Whether it waits for a snapshot. */
  get wantsSnapshot(): boolean {
    return this.state === 'fetching-snapshot'
  }

  snapshotFailed(): void {
    if (this.state === 'fetching-snapshot') this.state = 'reconciling'
  }

  /** While the snapshot is put in place, where nothing else is touched. */
  stillInstalling(): void {
    this.#send({ type: 'catching-up' })
  }

  #fetchSnapshot(): void {
    this.state = 'fetching-snapshot'
    this.context.emit({ type: 'fetch-snapshot', from: this.leader.member, epoch: this.epoch })
  }

  #reconcile(): void {
    const { facts, journal, nowMs } = this.context
    if (!facts.durable) return
    this.context.request += 1
    this.#requestedMs = nowMs
    const { request } = this.context
    const { lsn, epoch } = journal.last
    this.#send({ type: 'reconcile', request, lastLsn: lsn, lastEpoch: epoch })
  }

  /** Drops entries of later epochs than `epoch`, then those beyond `endLsn`; never a committed one. */
  #truncate(epoch: number, endLsn: number): void {
    const { journal, applier } = this.context
    const lsn = Math.min(journal.history.endOf(epoch)?.lsn ?? 0, endLsn)
    if (lsn < applier.commitLsn) {
      return this.context.halt(
        `the leader of epoch ${this.epoch} does not have entry ${lsn + 1}, which is committed here`,
      )
    }
    const ticket = journal.truncate(lsn)
    this.context.emit({ type: 'truncate-journal', ticket, lsn })
  }

  #reportGap(): void {
    const { lsn } = this.context.journal.last
    if (this.#gapAtLsn === lsn) return
    this.#gapAtLsn = lsn
    this.acknowledge(true)
  }

  #commit(commitLsn: number): void {
    const { applier, journal, options } = this.context
    this.#heardCommitLsn = Math.max(this.#heardCommitLsn, commitLsn)
    applier.commit(options.rules.applicableLsn(commitLsn, journal, this.state === 'settled'))
  }

  #trim(trimLsn: number): void {
    const { applier, journal } = this.context
    const lsn = Math.min(trimLsn, applier.flushedLsn)
    if (lsn <= journal.history.base.lsn) return
    journal.trim(lsn)
    this.context.emit({ type: 'trim-journal', lsn })
  }

  #send(body: Parameters<Context['send']>[2]): void {
    this.context.send(this.leader.member, this.epoch, body)
  }
}
