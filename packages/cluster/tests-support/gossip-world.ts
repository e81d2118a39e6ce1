/** Members that gossip over a network that loses and delays, in virtual time. */
import type { Random } from '../../core/tests-support/random.js'
import { Gossip, type GossipEffect, type GossipOptions } from '../src/gossip/gossip.js'
import type { GossipMessage } from '../src/gossip/gossip-message.js'
import type { MemberReport } from '../src/gossip/member-state.js'

export const calm: MemberReport = {
  health: 'serving',
  role: 'follower',
  clusterId: 'one',
  epoch: 1,
  lastLsn: 0,
  commitLsn: 0,
  load: 0,
  hearsLeader: true,
}

export function gossipOf(
  member: string,
  options: Partial<Omit<GossipOptions, 'report'>> & { report?: Partial<MemberReport> } = {},
): Gossip {
  const { report, ...rest } = options
  const incarnation = `${member}/${options.generation ?? 1}`
  return new Gossip({
    identity: { member, storeId: `store of ${member}`, incarnation, address: `${member}:7070` },
    generation: 1,
    nowMs: 0,
    random: () => 0,
    ...rest,
    report: { ...calm, ...report },
  })
}

interface Flight {
  readonly atMs: number
  readonly to: string
  readonly message: GossipMessage
}

export interface Network {
  /** From 0 to 1. */
  loss: number
  delayMsMax: number
}

export class GossipWorld {
  nowMs = 0
  readonly members = new Map<string, Gossip>()
  readonly network: Network
  readonly alarms: string[] = []
  readonly #random: Random
  #flights: Flight[] = []

  constructor(names: readonly string[], random: Random, network: Network) {
    this.#random = random
    this.network = network
    for (const name of names) this.start(name, 1)
    for (const gossip of this.members.values()) {
      gossip.step({ type: 'peers', nowMs: 0, members: names })
    }
  }

  start(name: string, generation: number): Gossip {
    const random = (): number => this.#random.fraction()
    const gossip = gossipOf(name, { random, generation, nowMs: this.nowMs })
    this.members.set(name, gossip)
    return gossip
  }

  stop(name: string): void {
    this.members.delete(name)
  }

  /** Lets time pass in steps of 50 ms; `each` is called after each of them. */
  run(ms: number, each: () => void = () => {}): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += 50
      const due = this.#flights.filter(({ atMs }) => atMs <= this.nowMs)
      this.#flights = this.#flights.filter(({ atMs }) => atMs > this.nowMs)
      for (const { to, message } of due) {
        const effects = this.members.get(to)?.step({ type: 'message', nowMs: this.nowMs, message })
        this.#carryOut(effects ?? [])
      }
      for (const gossip of this.members.values()) {
        this.#carryOut(gossip.step({ type: 'tick', nowMs: this.nowMs }))
      }
      each()
    }
  }

  #carryOut(effects: readonly GossipEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'alarm') this.alarms.push(effect.message)
      else if (!this.#random.chance(this.network.loss)) {
        const atMs = this.nowMs + this.#random.int(1, this.network.delayMsMax)
        this.#flights.push({ atMs, to: effect.to, message: effect.message })
      }
    }
  }
}
