/**
 * Which role the member plays: it leads, it follows a leader, or it does neither. And how the one
 * becomes the other: by an epoch that it wins, by one that it hears of, by giving up.
 */
import type { VersionedRecord } from '../coordinator/coordinator.js'
import type { Context } from './context.js'
import type { Refusal } from './effect.js'
import { Follower } from './follower.js'
import { Leader } from './leader.js'
import type { Sender } from './messages.js'
import { Takeover } from './takeover.js'

export class Roles {
  /** How it comes to lead. */
  readonly takeover: Takeover
  readonly #context: Context
  #leader: Leader | undefined
  #follower: Follower | undefined
  #halted: string | undefined
  #stopping = false

  constructor(context: Context) {
    this.#context = context
    this.takeover = new Takeover(context, {
      won: (won) => this.#lead(won),
      seen: (record) => this.see(record.epoch, record.clusterId),
      promised: () => this.refuseLower(),
    })
  }

  /** The part that leads, while it does. */
  get leader(): Leader | undefined {
    return this.#leader
  }

  /** The part that follows, while it does. */
  get follower(): Follower | undefined {
    return this.#follower
  }

  /** Why the member plays no role any more. */
  get halted(): string | undefined {
    return this.#halted
  }

  /** It gives up what it can, and takes over nothing more. */
  get stopping(): boolean {
    return this.#stopping
  }

  /** Follows this leader of this epoch from now on, if it does not yet. */
  follow(epoch: number, leader: Sender): Follower {
    this.#follower ??= new Follower(this.#context, epoch, leader)
    return this.#follower
  }

  /** What the follower knew of its journal is not true any more. */
  followAnew(): void {
    this.#follower &&= new Follower(this.#context, this.#follower.epoch, this.#follower.leader)
  }

  /** Another member knows of an epoch: what the record says of it is worth a look. */
  learn(epoch: number, clusterId: string): void {
    if (epoch <= this.#context.facts.seenEpoch) return
    this.see(epoch, clusterId)
    this.takeover.readSoon()
  }

  /** An epoch exists: whoever led or was followed before is history. */
  see(epoch: number, clusterId: string): void {
    const { facts } = this.#context
    facts.see(epoch, clusterId)
    this.refuseLower()
  }

  /** Ends a role of an epoch that is below what was promised or seen. */
  refuseLower(): void {
    const { fence } = this.#context.facts
    if (this.#leader !== undefined && this.#leader.epoch < fence) this.#stepDown()
    if (this.#follower !== undefined && this.#follower.epoch < fence) this.#follower = undefined
  }

  /** The lead was given up: the most advanced follower is told, so that nobody has to wait. */
  release(): void {
    const leader = this.#leader!
    const successor = leader.membership.successor()
    this.#stepDown()
    if (successor !== undefined) leader.send(successor.sender, { type: 'take-over' })
    if (this.#stopping) this.#context.emit({ type: 'stopped' })
  }

  /** Gives up the lead, or the place in the in-sync set. */
  stop(): void {
    this.#stopping = true
    if (this.#leader !== undefined) this.#leader.membership.handOver(true)
    else this.leave()
  }

  /** Asks the leader to be let go; in vain where it is away, and nobody else will lead. */
  leave(): void {
    const { namedLeader } = this.#context.options
    const isAnswered = namedLeader === undefined || this.takeover.hearsLeader
    if (this.#follower !== undefined && isAnswered) this.#follower.leave()
    else this.#context.emit({ type: 'stopped' })
  }

  /** One that leads begins anew only where its record was lost: nothing else is mended by that. */
  get mayRecover(): boolean {
    const { mayBeginAnew = true } = this.#leader?.membership ?? {}
    return this.#halted === undefined && this.takeover.mayBeChosen && mayBeginAnew
  }

  /** An operator wants this member to lead: see `Takeover.recover`. */
  recover(deadlineMs: number): void {
    if (!this.mayRecover) return
    this.#stepDown()
    this.takeover.recover(deadlineMs)
  }

  /** What those are told who ask something of a leader. */
  notLeader(): Refusal {
    const member = this.#follower?.leader.member
    const leader = this.takeover.record?.leader
    const address = leader?.member === member ? leader?.address : undefined
    return { code: 'NOT_LEADER', leader: address ?? leader?.address }
  }

  /** The member takes no part any more. */
  halt(reason: string, reopen: boolean): void {
    if (this.#halted !== undefined) return
    this.#halted = reason
    this.#leader?.end()
    this.#leader = undefined
    this.#follower = undefined
    this.#context.emit({ type: 'halt', reason, reopen })
  }

  #lead({ record, token }: VersionedRecord): void {
    this.see(record.epoch, record.clusterId)
    this.#follower = undefined
    this.#leader = new Leader(this.#context, record.epoch, { record, token })
  }

  #stepDown(): void {
    this.#leader?.end()
    this.#leader = undefined
    this.takeover.rest()
  }
}
