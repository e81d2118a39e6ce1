/** A replica whose driver does only what a test says. */
import { expect } from 'vitest'
import type { ClusterRecord, Leader } from '../src/record.js'
import type { Effect } from '../src/replica/effect.js'
import { type DurableFacts } from '../src/replica/facts.js'
import type { Input } from '../src/replica/input.js'
import type { PeerMessageBody } from '../src/replica/messages.js'
import {
  type ReplicaOptions,
  type RestoredState,
  defaultLimits,
  defaultTimes,
} from '../src/replica/options.js'
import { origin } from '../src/replica/position.js'
import { Replica } from '../src/replica/replica.js'
import { rules } from '../src/replica/rules.js'

export const storeOf = (member: string) => ({ member, storeId: `${member}/1` })

export const leaderOf = (member: string, incarnation = `${member}#1`): Leader => ({
  ...storeOf(member),
  incarnation,
  address: `${member}:1337`,
})

export const recordOf = (changes: Partial<ClusterRecord> = {}): ClusterRecord => ({
  clusterId: 'c',
  epoch: 5,
  leader: leaderOf('b'),
  inSync: ['a', 'b', 'c'].map(storeOf),
  minInSync: 2,
  renewTimeMs: 0,
  leaseDurationMs: 10_000,
  ...changes,
})

export const settledFacts: DurableFacts = { clusterId: 'c', seenEpoch: 5 }

/** Member `a` of `a`, `b` and `c`. */
export class DrivenReplica {
  readonly #replica: Replica
  effects: Effect[] = []
  #nowMs = 0

  constructor(
    facts: DurableFacts = settledFacts,
    options: Partial<ReplicaOptions> = {},
    restored: Partial<RestoredState> = {},
  ) {
    this.#replica = new Replica(
      {
        ...leaderOf('a', 'a#2'),
        minInSync: 2,
        newClusterId: 'new',
        times: defaultTimes,
        limits: defaultLimits,
        random: () => 0,
        rules,
        ...options,
      },
      { facts, journal: { base: origin, ends: [], sizes: [] }, appliedLsn: 0, ...restored },
    )
    this.step({ type: 'tick', nowMs: 0 })
  }

  get status() {
    return this.#replica.status
  }

  step(input: Input): void {
    this.effects.push(...this.#replica.step(input))
  }

  /** Lets time go by in small ticks. */
  pass(ms: number): void {
    for (let passedMs = 0; passedMs < ms; passedMs += 100) {
      this.#nowMs += 100
      this.step({ type: 'tick', nowMs: this.#nowMs })
    }
  }

  /** The only effect of this type since the last call, which is taken note of. */
  take<Type extends Effect['type']>(type: Type): Extract<Effect, { type: Type }> {
    const found = this.effects.filter((effect) => effect.type === type)
    this.effects = this.effects.filter((effect) => effect.type !== type)
    expect(found).toHaveLength(1)
    return found[0] as Extract<Effect, { type: Type }>
  }

  has(type: Effect['type']): boolean {
    return this.effects.some((effect) => effect.type === type)
  }

  /** Answers the read that is under way. */
  read(record: ClusterRecord | undefined, token = '1'): void {
    const found = record && { record, token }
    const { ticket } = this.take('read-record')
    this.step({ type: 'record-read', ticket, result: { type: 'read', found } })
  }

  persist(): DurableFacts {
    const { ticket, facts } = this.take('persist-facts')
    this.step({ type: 'facts-persisted', ticket })
    return facts
  }

  heartbeat(member: string, epoch: number): void {
    this.hear(member, epoch, { type: 'heartbeat', commitLsn: 0, trimLsn: 0, confirm: 0 })
  }

  /** An operator wants it to lead, and waits so long for it. */
  recover(waitMs = 10_000): void {
    this.step({ type: 'recover', deadlineMs: this.#nowMs + waitMs })
  }

  hear(member: string, epoch: number, body: PeerMessageBody, incarnation = `${member}#1`): void {
    const from = { ...storeOf(member), incarnation }
    this.step({ type: 'message', message: { from, clusterId: 'c', epoch, body } })
  }

  /** Until its attempt to lead epoch 6 is on its way to the coordinator. */
  attempt(): Extract<Effect, { type: 'change-record' }> {
    this.read(recordOf())
    this.pass(2_000)
    this.read(recordOf())
    this.persist()
    return this.take('change-record')
  }
}
