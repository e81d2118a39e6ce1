/**
 * Who is there and how they are, as a state machine: inputs come in, effects go out, and time and
 * chance are arguments. Every `intervalMs` a member gives its own state a new version and compares
 * with a few others what each knows of all (see gossip-message.ts). News of a member, through
 * whomever it came, is a sign of life; how suspicious its absence is, says phi-accrual.ts.
 *
 * A member that was started again has a higher generation. Where its clock went back, it hears its
 * own old state from others, and goes above that.
 */
import { unreachable } from '@goethe/core'
import type { DigestEntry, GossipBody, GossipMessage } from './gossip-message.js'
import { KnownMembers } from './known-members.js'
import {
  type MemberIdentity,
  type MemberReport,
  type MemberState,
  type StateVersion,
  isNewer,
} from './member-state.js'
import { MembershipView } from './membership-view.js'

export interface GossipOptions {
  readonly identity: MemberIdentity
  readonly report: MemberReport
  /** Higher than at all earlier starts if possible: the wall clock, in milliseconds. */
  readonly generation: number
  /** Monotonic clock. */
  readonly nowMs: number
  /** From 0 up to and without 1. */
  random(): number
  /** Default 1,000. */
  readonly intervalMs?: number
  /** With how many others to compare each time. Default 2. */
  readonly fanout?: number
  /** From which φ on a member is suspected. Default 8. */
  readonly phiThreshold?: number
  /**
   * How long a member that discovery does not name is remembered after the last news of it.
   * Default 60,000.
   */
  readonly forgetAfterMs?: number
}

export type GossipInput =
  | { readonly type: 'tick'; readonly nowMs: number }
  | { readonly type: 'message'; readonly nowMs: number; readonly message: GossipMessage }
  /** The own state changed. */
  | { readonly type: 'local'; readonly report: MemberReport }
  /** Whom discovery names, this member left out. */
  | { readonly type: 'peers'; readonly nowMs: number; readonly members: readonly string[] }

export type GossipEffect =
  | { readonly type: 'send'; readonly to: string; readonly message: GossipMessage }
  /** Something that a person must look at. Nothing of that exchange was taken over. */
  | { readonly type: 'alarm'; readonly member: string; readonly message: string }

export const gossipIntervalMsDefault = 1000
const fanoutDefault = 2

export class Gossip {
  readonly #options: GossipOptions
  readonly #intervalMs: number
  readonly #others: KnownMembers
  #own: MemberState
  #peers: readonly string[] = []
  #nextMs: number
  #effects: GossipEffect[] = []
  /** The process of this member's name that was told of last: it would be with each exchange. */
  #namesake: string | undefined

  constructor(options: GossipOptions) {
    const { identity, report, generation, nowMs, intervalMs = gossipIntervalMsDefault } = options
    this.#options = options
    this.#intervalMs = intervalMs
    this.#nextMs = nowMs
    this.#own = { ...identity, generation, version: 1, report }
    this.#others = new KnownMembers({
      intervalMs,
      phiThreshold: options.phiThreshold ?? 8,
      forgetAfterMs: options.forgetAfterMs ?? 60_000,
    })
  }

  /** Takes in what happened; returns what is to be done. */
  step(input: GossipInput): GossipEffect[] {
    this.#effects = []
    switch (input.type) {
      case 'tick':
        this.#tick(input.nowMs)
        break
      case 'message':
        this.#receive(input.message, input.nowMs)
        break
      case 'local':
        this.#own = { ...this.#own, version: this.#own.version + 1, report: input.report }
        break
      case 'peers':
        this.#peers = input.members.filter((member) => member !== this.#own.member)
        this.#others.named(this.#peers, input.nowMs)
        break
      default:
        unreachable(input)
    }
    return this.#effects
  }

  /** What is known now. */
  view(nowMs: number): MembershipView {
    const self = { ...this.#own, self: true, phi: 0, suspected: false, silentMs: 0 }
    return new MembershipView([self, ...this.#others.views(nowMs)])
  }

  #tick(nowMs: number): void {
    if (nowMs < this.#nextMs) return
    // After a pause of this process there is no round to make up for.
    this.#nextMs = Math.max(this.#nextMs + this.#intervalMs, nowMs)
    this.#own = { ...this.#own, version: this.#own.version + 1 }
    this.#others.forget(nowMs)
    for (const to of this.#partners()) {
      this.#send(to, { type: 'digest', digest: this.#digest() })
      // One that is not heard may not know where this member is, and could not answer.
      const isHeard = this.#others.isHeard(to, nowMs)
      if (!isHeard) this.#send(to, { type: 'states', states: [this.#own] })
    }
  }

  /** A few of those whom discovery or gossip names, by chance. */
  #partners(): string[] {
    const candidates = [...new Set([...this.#peers, ...this.#others.names()])]
    const { fanout = fanoutDefault, random } = this.#options
    const chosen: string[] = []
    while (chosen.length < fanout && candidates.length > 0) {
      const [one] = candidates.splice(Math.floor(random() * candidates.length), 1)
      chosen.push(one!)
    }
    return chosen
  }

  #digest(): DigestEntry[] {
    return [this.#own, ...this.#others.states()].map(({ member, generation, version }) => ({
      member,
      generation,
      version,
    }))
  }

  #receive({ from, clusterId, body }: GossipMessage, nowMs: number): void {
    const own = this.#own.report.clusterId
    if (!agree(own, clusterId)) {
      this.#alarm(from, `${from} belongs to the cluster ${clusterId}, and this member to ${own}`)
      return
    }
    switch (body.type) {
      case 'digest':
        this.#answer(from, body.digest)
        break
      case 'answer': {
        this.#takeOver(from, body.states, nowMs)
        const states = body.wanted.flatMap((member) => this.#stateOf(member) ?? [])
        if (states.length > 0) this.#send(from, { type: 'states', states })
        break
      }
      case 'states':
        this.#takeOver(from, body.states, nowMs)
        break
      default:
        unreachable(body)
    }
  }

  #answer(to: string, digest: readonly DigestEntry[]): void {
    const theirs = new Map(digest.map((entry) => [entry.member, entry]))
    const states = [this.#own, ...this.#others.states()].filter((state) =>
      isNewer(state, theirs.get(state.member)),
    )
    const wanted = digest
      .filter((entry) => isNewer(entry, this.#versionOf(entry.member)))
      .map(({ member }) => member)
    if (states.length > 0 || wanted.length > 0) this.#send(to, { type: 'answer', states, wanted })
  }

  #takeOver(from: string, states: readonly MemberState[], nowMs: number): void {
    for (const state of states) {
      const { clusterId } = state.report
      if (!agree(this.#own.report.clusterId, clusterId)) {
        this.#alarm(from, `${from} says that ${state.member} belongs to the cluster ${clusterId}`)
      } else if (state.member === this.#own.member) this.#meetOwn(from, state)
      else this.#others.add(state, nowMs)
    }
  }

  /** Others know a state of this member that is not its own: of an earlier process, or a double. */
  #meetOwn(from: string, state: MemberState): void {
    if (state.incarnation === this.#own.incarnation || !isNewer(state, this.#own)) return
    if (state.incarnation !== this.#namesake) {
      this.#namesake = state.incarnation
      this.#alarm(
        from,
        `${from} heard of another process that is called ${state.member}, as this one, and is reached ` +
          `at ${state.address}`,
      )
    }
    this.#own = { ...this.#own, generation: state.generation + 1 }
  }

  #versionOf(member: string): StateVersion | undefined {
    return member === this.#own.member ? this.#own : this.#others.versionOf(member)
  }

  #stateOf(member: string): MemberState | undefined {
    return member === this.#own.member ? this.#own : this.#others.get(member)
  }

  #send(to: string, body: GossipBody): void {
    const message = { from: this.#own.member, clusterId: this.#own.report.clusterId, body }
    this.#effects.push({ type: 'send', to, message })
  }

  #alarm(member: string, message: string): void {
    this.#effects.push({ type: 'alarm', member, message })
  }
}

/** A member that has never belonged to a cluster may talk to any. */
function agree(own: string | undefined, other: string | undefined): boolean {
  return own === undefined || other === undefined || own === other
}
