/**
 * One member's part in replication, as a state machine: inputs in, effects out.
 *
 * It does no input or output, knows no clock and no promise; a driver owns those. It holds what is
 * true whichever role the member plays, and passes inputs on to the role: a leader, or a follower of
 * one. `takeover` decides how the one becomes the other.
 */
import { unreachable } from '@goethe/core'
import type { VersionedRecord } from '../coordinator/coordinator.js'
import { Applier } from './applier.js'
import { CaughtUp } from './caught-up.js'
import { type Context, envelope } from './context.js'
import { CoordinatorAccess } from './coordinator-access.js'
import type { Effect, Refusal } from './effect.js'
import { Facts } from './facts.js'
import { FollowerConfirmations } from './follower-confirmations.js'
import { Follower } from './follower.js'
import { Grants } from './grants.js'
import type { Input } from './input.js'
import { JournalIndex } from './journal-index.js'
import { Leader } from './leader.js'
import type { FromLeader, PeerMessage } from './messages.js'
import type { Position } from './position.js'
import { isForeign, recordTrouble, rivalTrouble } from './record-trouble.js'
import { type ReplicaOptions, type RestoredState, sizeStepBytes } from './options.js'
import { SnapshotInstall } from './snapshot-install.js'
import { type ReplicaStatus, statusOf } from './status.js'
import { Takeover } from './takeover.js'

export class Replica {
  readonly #context: Context
  readonly #takeover: Takeover
  readonly #install: SnapshotInstall
  readonly #caughtUp: CaughtUp
  readonly #grants: Grants
  readonly #confirmations: FollowerConfirmations
  #effects: Effect[] = []
  #leader: Leader | undefined
  #follower: Follower | undefined
  #halted: string | undefined
  #stopping = false

  constructor(options: ReplicaOptions, restored: RestoredState) {
    const emit = (effect: Effect) => void this.#effects.push(effect)
    const journal = new JournalIndex(restored.journal, sizeStepBytes(options.limits))
    const { member, storeId, incarnation } = options
    const context: Context = {
      options,
      self: { member, storeId, incarnation },
      facts: new Facts(restored.facts, options.rules, emit),
      journal,
      applier: new Applier(restored.appliedLsn, journal, emit),
      coordinator: new CoordinatorAccess(emit),
      peers: [],
      peersVirgin: false,
      request: Math.floor(options.random() * 2 ** 31),
      nowMs: 0,
      clockMs: undefined,
      emit,
      send: (to, epoch, body, toStoreId) => {
        const message: PeerMessage = { ...envelope(context, epoch), toStoreId, body }
        emit({ type: 'send', to, message })
      },
      halt: (reason, reopen = false) => this.#halt(reason, reopen),
    }
    this.#context = context
    this.#install = new SnapshotInstall(context)
    this.#caughtUp = new CaughtUp(options.times)
    this.#grants = new Grants(context, () => this.#refuseLower())
    this.#confirmations = new FollowerConfirmations(context, () => this.#notLeader())
    this.#takeover = new Takeover(context, {
      won: (won) => this.#lead(won),
      seen: (record) => this.#see(record.epoch, record.clusterId),
      promised: () => this.#refuseLower(),
    })
  }

  /** The one door: what happened, and what is to be done about it, in this order. */
  step(input: Input): readonly Effect[] {
    if (this.#halted === undefined) {
      this.#step(input)
      this.#confirmations.continue(this.#follower)
    }
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /** A snapshot for people and monitoring. */
  get status(): ReplicaStatus {
    return {
      ...statusOf(this.#context, this.#takeover, this.#leader, this.#follower, this.#halted),
      caughtUp: this.#caughtUp.value,
      mayRecover: this.#mayRecover,
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
        if (this.#follower?.isUnder(input.peer) === true) this.#takeover.leaderSends()
        return
      case 'peer-receives':
        return this.#leader?.peerReceives(input.peer)
      case 'journal-written':
        journal.written(input.ticket)
        applier.continue()
        this.#leader?.commit()
        return this.#follower?.acknowledge()
      case 'facts-persisted':
        facts.persisted(input.ticket)
        this.#grants.continue()
        this.#follower?.continue()
        return this.#takeover.continue()
      case 'storage-failed':
        return this.#halt(input.reason, true)
      case 'applied':
        applier.applied(input.lsn, input.flushedLsn)
        if (this.#install.continue() === 'needless') this.#follower?.snapshotFailed()
        this.#leader?.applied()
        return this.#follower?.continue()
      case 'shipped':
        return this.#leader?.shipped(input)
      case 'snapshot-fetched':
        return this.#snapshotFetched(input)
      case 'snapshot-failed':
        return this.#follower?.snapshotFailed()
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
        if (input.epoch >= facts.seenEpoch) this.#takeover.othersHeard()
        return
      case 'propose':
        if (this.#leader !== undefined) return this.#leader.propose(input)
        return this.#context.emit({
          type: 'reject',
          proposal: input.proposal,
          refusal: this.#notLeader(),
        })
      case 'confirm':
        return this.#confirm(input.confirmation)
      case 'hand-over':
        return this.#leader?.membership.handOver(false)
      case 'stop':
        return this.#stop()
      case 'remove-member':
        return this.#leader?.membership.remove(input.member, input.storeId)
      case 'admit-member':
        return this.#leader?.membership.admit(input.member)
      case 'set-min-in-sync':
        return this.#leader?.membership.setMinInSync(input.minInSync)
      case 'epoch-known':
        return facts.clusterId === undefined ? undefined : this.#learn(input.epoch, facts.clusterId)
      case 'grant':
        return this.#grants.ask(input)
      case 'recover':
        return this.#recover(input.deadlineMs)
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
    if (this.#leader !== undefined) return this.#leader.tick()
    this.#follower?.continue()
    if (this.#stopping) return this.#follower === undefined ? undefined : this.#leave()
    if (!this.#install.active) this.#takeover.continue()
  }

  /** Takes note of how far the store is behind what is committed. */
  #observe(): void {
    const { applier, nowMs, self } = this.#context
    if (this.#leader?.leading === true) return this.#caughtUp.leads()
    const set = (this.#leader?.set.record ?? this.#takeover.record)?.inSync ?? []
    this.#caughtUp.observe({
      nowMs,
      inSync: set.some(({ storeId }) => storeId === self.storeId),
      commitLsn: this.#follower?.heardCommitLsn,
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
        if (this.#leader?.epoch === epoch) this.#leader.receive(from, body)
        return
      case 'refuse':
        return this.#learn(epoch, clusterId)
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
    if (!this.#takeover.informed && !options.rules.answersUninformed()) return
    if (this.#install.active) {
      if (epoch === this.#follower?.epoch) this.#follower.stillInstalling()
      return
    }
    // One that asks anew for what it was granted is not told of that epoch: it would take it for another's.
    const known = facts.granted?.storeId === from.storeId ? facts.seenEpoch : facts.othersEpoch
    if (epoch < known && facts.durable) {
      return this.#context.send(from.member, known, { type: 'refuse' })
    }
    if (epoch < facts.fence) return
    this.#see(epoch, clusterId)
    if (this.#leader !== undefined) return
    if (this.#follower === undefined) {
      this.#follower = new Follower(this.#context, epoch, from)
    }
    this.#takeover.leaderHeard()
    this.#follow(this.#follower, body)
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
        return this.#stopping ? undefined : this.#takeover.invite()
      case 'confirmed':
        return this.#confirmations.answered(body)
      case 'left':
        if (this.#stopping) this.#context.emit({ type: 'stopped' })
    }
  }

  #coordinatorAnswered(input: Extract<Input, { type: 'record-read' | 'record-changed' }>): void {
    const asker = this.#context.coordinator.answered(input)
    if (asker === undefined) return
    const role = this.#leader === undefined ? 'follower' : 'leader'
    // It was asked in another role or epoch: its answer concerns nobody any more.
    const moved = asker.seenEpoch !== this.#context.facts.seenEpoch
    const stale =
      asker.role !== role || (moved && (role === 'leader' || input.type === 'record-changed'))
    if (stale) return this.#readSoon()
    if (this.#leader !== undefined) this.#leaderAnswered(this.#leader, input)
    else if (input.type === 'record-changed') this.#takeover.changed(input.outcome)
    else if (input.result.type === 'failed') this.#takeover.readFailed()
    else if (!this.#install.active) this.#takeover.read(input.result.found, asker.seenEpoch)
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
        if (rival !== undefined) return this.#halt(rival, false)
        this.#see(found.record.epoch, found.record.clusterId)
        if (this.#leader !== undefined) this.#release()
        return
      }
    }
    if (leader.set.record.leader === undefined) return this.#release()
    leader.commit()
    leader.membership.coordinate()
  }

  /** A follower asks its leader, unless others had better do that: it is far behind, or hears nothing. */
  #confirm(confirmation: number): void {
    if (this.#leader !== undefined) return this.#leader.confirm(confirmation)
    const follower = this.#follower
    const isFar = this.#install.active || follower?.wantsSnapshot === true
    if (follower !== undefined && this.#takeover.hearsLeader && !isFar) {
      return this.#confirmations.ask(confirmation, follower)
    }
    this.#context.emit({ type: 'unconfirmed', confirmation, refusal: this.#notLeader() })
  }

  /** Another member knows of an epoch: what the record says of it is worth a look. */
  #learn(epoch: number, clusterId: string): void {
    if (epoch <= this.#context.facts.seenEpoch) return
    this.#see(epoch, clusterId)
    this.#takeover.readSoon()
  }

  /** An epoch exists: whoever led or was followed before is history. */
  #see(epoch: number, clusterId: string): void {
    const { facts } = this.#context
    facts.see(epoch, clusterId)
    this.#refuseLower()
  }

  #refuseLower(): void {
    const { fence } = this.#context.facts
    if (this.#leader !== undefined && this.#leader.epoch < fence) this.#stepDown()
    if (this.#follower !== undefined && this.#follower.epoch < fence) this.#follower = undefined
  }

  #stepDown(): void {
    this.#leader?.end()
    this.#leader = undefined
    this.#takeover.rest()
  }

  #lead({ record, token }: VersionedRecord): void {
    this.#see(record.epoch, record.clusterId)
    this.#follower = undefined
    this.#leader = new Leader(this.#context, record.epoch, { record, token })
  }

  /** The lead was given up: the most advanced follower is told, so that nobody has to wait. */
  #release(): void {
    const leader = this.#leader!
    const successor = leader.membership.successor()
    this.#stepDown()
    if (successor !== undefined) leader.send(successor.sender, { type: 'take-over' })
    if (this.#stopping) this.#context.emit({ type: 'stopped' })
  }

  #stop(): void {
    this.#stopping = true
    if (this.#leader !== undefined) this.#leader.membership.handOver(true)
    else this.#leave()
  }

  /** Asks the leader to be let go; in vain where it is away, and nobody else will lead. */
  #leave(): void {
    const { namedLeader } = this.#context.options
    const isAnswered = namedLeader === undefined || this.#takeover.hearsLeader
    if (this.#follower !== undefined && isAnswered) this.#follower.leave()
    else this.#context.emit({ type: 'stopped' })
  }

  /** One that leads begins anew only where its record was lost: nothing else is mended by that. */
  get #mayRecover(): boolean {
    const { mayBeginAnew = true } = this.#leader?.membership ?? {}
    return this.#halted === undefined && this.#takeover.mayBeChosen && mayBeginAnew
  }

  #recover(deadlineMs: number): void {
    if (!this.#mayRecover) return
    this.#stepDown()
    this.#takeover.recover(deadlineMs)
  }

  #snapshotFetched(snapshot: Position): void {
    if (!this.#follower?.wantsSnapshot || this.#install.active) return
    if (this.#install.begin(snapshot) === 'needless') this.#follower.snapshotFailed()
  }

  #snapshotInstalled(snapshot: Position): void {
    this.#install.done(snapshot)
    this.#follower &&= new Follower(this.#context, this.#follower.epoch, this.#follower.leader)
    this.#follower?.continue()
  }

  #readSoon(): void {
    if (this.#leader !== undefined) this.#leader.membership.readSoon()
    else if (!this.#install.active && !this.#stopping) this.#takeover.readSoon()
  }

  #notLeader(): Refusal {
    const member = this.#follower?.leader.member
    const leader = this.#takeover.record?.leader
    const address = leader?.member === member ? leader?.address : undefined
    return { code: 'NOT_LEADER', leader: address ?? leader?.address }
  }

  #halt(reason: string, reopen: boolean): void {
    if (this.#halted !== undefined) return
    this.#halted = reason
    this.#leader?.end()
    this.#leader = undefined
    this.#follower = undefined
    this.#context.emit({ type: 'halt', reason, reopen })
  }
}
