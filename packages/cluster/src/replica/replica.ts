/**
 * One member's part in replication, as a state machine: inputs in, effects out.
 *
 * It does no input or output, knows no clock and no promise; a driver owns those. It holds what is
 * true whichever role the member plays, and passes inputs on to the role: a leader, or a follower of
 * one. `roles` knows how the one becomes the other.
 */
import { unreachable } from '@goethe/core'
import { CaughtUp } from './caught-up.js'
import { type Context, contextOf } from './context.js'
import type { Effect } from './effect.js'
import { FollowerConfirmations } from './follower-confirmations.js'
import type { Follower } from './follower.js'
import { Grants } from './grants.js'
import type { Input } from './input.js'
import type { Leader } from './leader.js'
import type { FromLeader, PeerMessage } from './messages.js'
import type { Position } from './position.js'
import { isForeign, recordTrouble, rivalTrouble } from './record-trouble.js'
import type { ReplicaOptions, RestoredState } from './options.js'
import { Roles } from './roles.js'
import { SnapshotInstall } from './snapshot-install.js'
import { type ReplicaStatus, statusOf } from './status.js'

export class Replica {
  readonly #context: Context
  readonly #roles: Roles
  readonly #install: SnapshotInstall
  readonly #caughtUp: CaughtUp
  readonly #grants: Grants
  readonly #confirmations: FollowerConfirmations
  #effects: Effect[] = []

  constructor(options: ReplicaOptions, restored: RestoredState) {
    const emit = (effect: Effect) => void this.#effects.push(effect)
    const halt = (reason: string, reopen = false) => this.#roles.halt(reason, reopen)
    const context = contextOf(options, restored, { emit, halt })
    this.#context = context
    this.#install = new SnapshotInstall(context)
    this.#caughtUp = new CaughtUp(options.times)
    this.#grants = new Grants(context, () => this.#roles.refuseLower())
    this.#confirmations = new FollowerConfirmations(context, () => this.#roles.notLeader())
    this.#roles = new Roles(context)
  }

  /** The one door: what happened, and what is to be done about it, in this order. */
  step(input: Input): readonly Effect[] {
    if (this.#roles.halted === undefined) {
      this.#step(input)
      this.#confirmations.continue(this.#roles.follower)
    }
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /** A snapshot for people and monitoring. */
  get status(): ReplicaStatus {
    return {
      ...statusOf(
        this.#context,
        this.#roles.takeover,
        this.#roles.leader,
        this.#roles.follower,
        this.#roles.halted,
      ),
      caughtUp: this.#caughtUp.value,
      mayRecover: this.#roles.mayRecover,
    }
  }

  #step(input: Input): void {
    const { journal, facts, applier } = this.#context
    switch (input.type) {
      case 'tick':
        return this.#tick(input.nowMs)
      case 'message':
        return this.#receive(input.message)
      case 'peer-sends':
        if (this.#roles.follower?.isUnder(input.peer) === true) this.#roles.takeover.leaderSends()
        return
      case 'peer-receives':
        return this.#roles.leader?.peerReceives(input.peer)
      case 'journal-written':
        journal.written(input.ticket)
        applier.continue()
        this.#roles.leader?.commit()
        return this.#roles.follower?.acknowledge()
      case 'facts-persisted':
        facts.persisted(input.ticket)
        this.#grants.continue()
        this.#roles.follower?.continue()
        return this.#roles.takeover.continue()
      case 'storage-failed':
        return this.#roles.halt(input.reason, true)
      case 'applied':
        applier.applied(input.lsn, input.flushedLsn)
        if (this.#install.continue() === 'needless') this.#roles.follower?.snapshotFailed()
        this.#roles.leader?.applied()
        return this.#roles.follower?.continue()
      case 'shipped':
        return this.#roles.leader?.shipped(input)
      case 'snapshot-fetched':
        return this.#snapshotFetched(input)
      case 'snapshot-failed':
        return this.#roles.follower?.snapshotFailed()
      case 'snapshot-installed':
        return this.#snapshotInstalled(input)
      case 'record-read':
      case 'record-changed':
        return this.#coordinatorAnswered(input)
      case 'record-may-have-changed':
        return this.#readSoon()
      case 'peers':
        this.#context.peers = input.members
        this.#context.peersVirgin = input.allVirgin
        return
      case 'leader-heard':
        if (input.epoch >= facts.seenEpoch) this.#roles.takeover.othersHeard()
        return
      case 'propose':
        if (this.#roles.leader !== undefined) return this.#roles.leader.propose(input)
        return this.#context.emit({
          type: 'reject',
          proposal: input.proposal,
          refusal: this.#roles.notLeader(),
        })
      case 'confirm':
        return this.#confirm(input.confirmation)
      case 'hand-over':
        return this.#roles.leader?.membership.handOver(false)
      case 'stop':
        return this.#roles.stop()
      case 'remove-member':
        return this.#roles.leader?.membership.remove(input.member, input.storeId)
      case 'admit-member':
        return this.#roles.leader?.membership.admit(input.member)
      case 'set-min-in-sync':
        return this.#roles.leader?.membership.setMinInSync(input.minInSync)
      case 'epoch-known':
        return facts.clusterId === undefined
          ? undefined
          : this.#roles.learn(input.epoch, facts.clusterId)
      case 'grant':
        return this.#grants.ask(input)
      case 'recover':
        return this.#roles.recover(input.deadlineMs)
      default:
        unreachable(input)
    }
  }

  #tick(clockMs: number): void {
    const context = this.#context
    const passedMs = clockMs - (context.clockMs ?? clockMs)
    context.clockMs = clockMs
    context.nowMs += Math.max(0, Math.min(passedMs, context.options.times.tickMsMax))
    this.#observe()
    if (this.#roles.leader !== undefined) return this.#roles.leader.tick()
    this.#roles.follower?.continue()
    if (this.#roles.stopping)
      return this.#roles.follower === undefined ? undefined : this.#roles.leave()
    if (!this.#install.active) this.#roles.takeover.continue()
  }

  /** Takes note of how far the store is behind what is committed. */
  #observe(): void {
    const { applier, nowMs, self } = this.#context
    if (this.#roles.leader?.leading === true) return this.#caughtUp.leads()
    const set = (this.#roles.leader?.set.record ?? this.#roles.takeover.record)?.inSync ?? []
    this.#caughtUp.observe({
      nowMs,
      inSync: set.some(({ storeId }) => storeId === self.storeId),
      commitLsn: this.#roles.follower?.heardCommitLsn,
      appliedLsn: applier.appliedLsn,
    })
  }

  #receive(message: PeerMessage): void {
    const { facts, self } = this.#context
    const { from, clusterId, epoch, toStoreId, body } = message
    if (clusterId !== (facts.clusterId ?? clusterId) || from.storeId === self.storeId) return
    if (toStoreId !== undefined && toStoreId !== self.storeId) return
    switch (body.type) {
      case 'reconcile':
      case 'catching-up':
      case 'acknowledge':
      case 'leave':
      case 'confirm':
        if (this.#roles.leader?.epoch === epoch) this.#roles.leader.receive(from, body)
        return
      case 'refuse':
        return this.#roles.learn(epoch, clusterId)
      case 'heartbeat':
      case 'append':
      case 'reconciled':
      case 'reconcile-again':
      case 'take-over':
      case 'left':
      case 'confirmed':
        return this.#receiveFromLeader(message, body)
      default:
        unreachable(body)
    }
  }

  #receiveFromLeader({ from, clusterId, epoch }: PeerMessage, body: FromLeader): void {
    const { facts, options } = this.#context
    if (!this.#roles.takeover.informed && !options.rules.answersUninformed()) return
    if (this.#install.active) {
      if (epoch === this.#roles.follower?.epoch) this.#roles.follower.stillInstalling()
      return
    }
    // One that asks anew for what it was granted is not told of that epoch: it would take it for another's.
    const known = facts.granted?.storeId === from.storeId ? facts.seenEpoch : facts.othersEpoch
    if (epoch < known && facts.durable) {
      return this.#context.send(from.member, known, { type: 'refuse' })
    }
    if (epoch < facts.fence) return
    this.#roles.see(epoch, clusterId)
    if (this.#roles.leader !== undefined) return
    const follower = this.#roles.follow(epoch, from)
    this.#roles.takeover.leaderHeard()
    this.#follow(follower, body)
  }

  #follow(follower: Follower, body: FromLeader): void {
    switch (body.type) {
      case 'heartbeat':
        return follower.heartbeat(body)
      case 'append':
        return follower.append(body)
      case 'reconciled':
        return follower.reconciled(body)
      case 'reconcile-again':
        return follower.reconcileAgain()
      case 'take-over':
        return this.#roles.stopping ? undefined : this.#roles.takeover.invite()
      case 'confirmed':
        return this.#confirmations.answered(body)
      case 'left':
        if (this.#roles.stopping) this.#context.emit({ type: 'stopped' })
    }
  }

  #coordinatorAnswered(input: Extract<Input, { type: 'record-read' | 'record-changed' }>): void {
    const asker = this.#context.coordinator.answered(input)
    if (asker === undefined) return
    const role = this.#roles.leader === undefined ? 'follower' : 'leader'
    // It was asked in another role or epoch: its answer concerns nobody any more.
    const moved = asker.seenEpoch !== this.#context.facts.seenEpoch
    const stale =
      asker.role !== role || (moved && (role === 'leader' || input.type === 'record-changed'))
    if (stale) return this.#readSoon()
    if (this.#roles.leader !== undefined) this.#leaderAnswered(this.#roles.leader, input)
    else if (input.type === 'record-changed') this.#roles.takeover.changed(input.outcome)
    else if (input.result.type === 'failed') this.#roles.takeover.readFailed()
    else if (!this.#install.active) this.#roles.takeover.read(input.result.found, asker.seenEpoch)
  }

  #leaderAnswered(
    leader: Leader,
    input: Extract<Input, { type: 'record-read' | 'record-changed' }>,
  ): void {
    if (input.type === 'record-changed') leader.membership.changed(input.outcome)
    else if (input.result.type === 'failed') leader.membership.readFailed()
    else {
      const { found } = input.result
      const { clusterId } = this.#context.facts
      const trouble = recordTrouble(found?.record, clusterId, leader.epoch)
      if (found === undefined || trouble !== undefined) {
        leader.membership.recordIsUnfit(trouble!, isForeign(found?.record, clusterId))
      } else if (leader.stillLeads(found.record)) leader.membership.read(found)
      else {
        const rival = rivalTrouble(found.record, leader.epoch)
        if (rival !== undefined) return this.#roles.halt(rival, false)
        this.#roles.see(found.record.epoch, found.record.clusterId)
        if (this.#roles.leader !== undefined) this.#roles.release()
        return
      }
    }
    if (leader.set.record.leader === undefined) return this.#roles.release()
    leader.commit()
    leader.membership.coordinate()
  }

  /** A follower asks its leader, unless others had better do that: it is far behind, or hears nothing. */
  #confirm(confirmation: number): void {
    if (this.#roles.leader !== undefined) return this.#roles.leader.confirm(confirmation)
    const follower = this.#roles.follower
    const isFar = this.#install.active || follower?.wantsSnapshot === true
    if (follower !== undefined && this.#roles.takeover.hearsLeader && !isFar) {
      return this.#confirmations.ask(confirmation, follower)
    }
    this.#context.emit({ type: 'unconfirmed', confirmation, refusal: this.#roles.notLeader() })
  }

  #snapshotFetched(snapshot: Position): void {
    if (!this.#roles.follower?.wantsSnapshot || this.#install.active) return
    if (this.#install.begin(snapshot) === 'needless') this.#roles.follower.snapshotFailed()
  }

  #snapshotInstalled(snapshot: Position): void {
    this.#install.done(snapshot)
    this.#roles.followAnew()
    this.#roles.follower?.continue()
  }

  #readSoon(): void {
    if (this.#roles.leader !== undefined) this.#roles.leader.membership.readSoon()
    else if (!this.#install.active && !this.#roles.stopping) this.#roles.takeover.readSoon()
  }
}
