/** Everything that there is in one simulation, and its life from the first start to the last check. */
import type { Sender } from '../replica/messages.js'
import { type Rules, isRemoved, rules as correctRules } from '../replica/rules.js'
import type { ClusterRecord, MemberStore } from '../record.js'
import { Client, topics } from './client.js'
import { Consumer } from './consumer.js'
import { Ledger } from './ledger.js'
import type { LostEntries } from './lost-entries.js'
import { Nemesis } from './nemesis.js'
import { makePlan, type Plan } from './plan.js'
import { Random } from './random.js'
import { SimulatedCoordinator } from './simulated-coordinator.js'
import { SimulatedMember } from './simulated-member.js'
import { SimulatedNetwork } from './simulated-network.js'
import { Timeline } from './timeline.js'
import { check } from './violation.js'

/** A rule that is broken on purpose. */
export interface Mutation {
  readonly rules?: Partial<Rules>
  /** An emptied disk passes for the store that it was. */
  readonly reusesStoreIds?: boolean
}

export interface WorldOptions {
  readonly members?: number | undefined
  readonly mutation?: Mutation | undefined
  /** What is to be other than the seed would choose. */
  readonly plan?: Partial<Plan> | undefined
  /** Called with each thing that happens. */
  readonly trace?: ((line: string) => void) | undefined
}

export class World {
  readonly random: Random
  readonly plan: Plan
  readonly rules: Rules
  readonly reusesStoreIds: boolean
  readonly timeline = new Timeline()
  readonly members: readonly SimulatedMember[]
  readonly network: SimulatedNetwork
  readonly coordinator: SimulatedCoordinator
  readonly ledger: Ledger
  /** Names that discovery has found. */
  readonly discovered = new Set<string>()
  /** How many answers get lost between members and clients. */
  clientLoss = 0.05
  /** How many appends go to a member although another one is known to lead. */
  clientErrors = 0.1
  /** The most copies that an operator has ever asked for. */
  minInSyncAsked: number
  /** Stores that an operator takes out. */
  readonly removing = new Set<string>()
  /** The store that an operator makes lead, until it does. */
  survivor: string | undefined
  /** A store that has lost what was safe on it, until it has it again or does not count any more. */
  loss: LostEntries | undefined
  /** Clients begin nothing new. */
  quiet = false
  steps = 0
  #attempts = 0
  #producers = 0
  readonly clients: readonly Client[]
  readonly consumers: readonly Consumer[]
  readonly #trace: ((line: string) => void) | undefined

  constructor(seed: number, options: WorldOptions = {}) {
    this.#trace = options.trace
    this.random = new Random(seed)
    this.plan = { ...makePlan(this.random, options.members), ...options.plan }
    this.minInSyncAsked = this.plan.minInSync
    this.rules = { ...correctRules, ...options.mutation?.rules }
    this.reusesStoreIds = options.mutation?.reusesStoreIds ?? false
    this.members = Array.from(
      { length: this.plan.members + this.plan.lateMembers },
      (_, index) => new SimulatedMember(`m${index}`, this),
    )
    this.network = new SimulatedNetwork(this.timeline, this.random, {
      deliver: (to, message) => this.member(to)?.input({ type: 'message', message }),
      underWay: (from, to) => this.#underWay(from, to),
    })
    this.coordinator = new SimulatedCoordinator(this.timeline, this.random, (record, before) => {
      this.trace(() => `record: ${JSON.stringify(record)}`)
      if (before !== undefined) checkChange(before, record)
      this.ledger.checkSet()
      this.#watch()
    })
    this.ledger = new Ledger(
      (storeId) => this.members.find(({ disk }) => disk.storeId === storeId)?.disk,
      () => this.coordinator.lastRecord,
      (storeId) => (this.loss?.storeId === storeId ? this.loss.mayLackLsn : 0),
    )
    this.clients = Array.from(
      { length: this.plan.clients },
      (_, index) => new Client(index % topics, this),
    )
    this.consumers = Array.from(
      { length: this.plan.consumers },
      (_, index) => new Consumer(index, this),
    )
  }

  /** Lives it to the end; throws a Violation when an invariant breaks. */
  run(): void {
    const { plan, timeline, random, members } = this
    this.trace(() => `plan: ${JSON.stringify(plan)}`)
    for (const member of members.slice(0, plan.members)) {
      if (this.discovered.size < 2 || random.chance(0.8)) this.discovered.add(member.name)
      timeline.after(random.between(0, 300), () => {
        if (!member.running) member.start()
      })
    }
    for (const client of [...this.clients, ...this.consumers]) client.start()
    this.#gossip()
    this.#readLinearizably()
    const nemesis = new Nemesis(this)
    nemesis.start()
    this.#until(plan.faultsMs)
    this.trace(() => 'faults are over')
    nemesis.end()
    this.#converge()
  }

  trace(line: () => string): void {
    this.#trace?.(`${this.timeline.nowMs.toFixed(1)} ${line()}`)
  }

  member(name: string): SimulatedMember | undefined {
    return this.members.find((member) => member.name === name)
  }

  nextAttempt(): number {
    this.#attempts += 1
    return this.#attempts
  }

  nextProducer(): number {
    this.#producers += 1
    return this.#producers
  }

  /** Whom a client asks: mostly a leader, sometimes anybody. */
  likelyLeader(): SimulatedMember {
    const leaders = this.members.filter(({ leading }) => leading)
    const known = leaders.length > 0 && !this.random.chance(this.clientErrors)
    return this.random.pick(known ? leaders : this.members)
  }

  /**
   * Whether a store may be lost for good: whatever the record becomes, fewer than `minInSync` of its
   * set are, which is what the design promises to survive.
   */
  mayLose(storeId: string): boolean {
    const { record, lastRecord, possibleRecords } = this.coordinator
    if (storeId === this.survivor) return false
    // With one copy nothing may be lost, not even what is about to join the set.
    if (record === undefined || lastRecord?.minInSync === 1) return false
    return possibleRecords.every(({ inSync, minInSync }) => {
      if (inSync.every((store) => store.storeId !== storeId)) return true
      const lost = inSync.filter(
        (store) =>
          store.storeId === storeId || store.storeId === this.loss?.storeId || !this.exists(store),
      )
      return inSync.length >= minInSync && lost.length < minInSync
    })
  }

  /** Whether the record was deleted, and there is none again. */
  get recordLost(): boolean {
    const { record, lastRecord } = this.coordinator
    return record === undefined && lastRecord !== undefined
  }

  /** Whether it is not certain at this moment who has everything, so that no more of that is done. */
  get inDoubt(): boolean {
    return this.survivor !== undefined || this.loss !== undefined || this.coordinator.displaced
  }

  /** Those that are members for good: not those that never joined, nor those that were taken out. */
  get lasting(): readonly SimulatedMember[] {
    const { record } = this.coordinator
    return this.members.filter(
      ({ joined, disk }) => joined && !(record !== undefined && isRemoved(record, disk.storeId)),
    )
  }

  /** Whether the disk of a store can still be read. */
  exists({ storeId }: MemberStore): boolean {
    return this.members.some(({ disk }) => disk.storeId === storeId && !disk.damaged)
  }

  #until(endMs: number): void {
    while (this.timeline.nowMs < endMs && this.timeline.next()) this.steps += 1
  }

  /** h: with faults gone, everybody gets further, and everybody gets to hold the same. */
  #converge(): void {
    const before = this.clients.map(({ appended }) => appended)
    this.#untilNothing(() => {
      const stuck = this.clients.findIndex(({ appended }, index) => appended < before[index]! + 3)
      return stuck === -1 ? undefined : `client ${stuck} got no further`
    })
    this.quiet = true
    this.#untilNothing(() => this.#difference())
    this.ledger.checkSet()
  }

  #untilNothing(missing: () => string | undefined): void {
    const { timeline, plan } = this
    const endMs = timeline.nowMs + plan.calmMsMax
    while (missing() !== undefined && timeline.nowMs < endMs) this.#until(timeline.nowMs + 250)
    const left = missing()
    check(left === undefined, 'h', () => `${plan.calmMsMax} ms after the last fault, ${left}`)
  }

  #difference(): string | undefined {
    const { lastLsn } = this.ledger
    const { lasting } = this
    const behind = lasting.find(({ disk }) => disk.appliedLsn < lastLsn)
    if (behind !== undefined) {
      return `${behind.name} has applied ${behind.disk.appliedLsn} of ${lastLsn}`
    }
    const inSync = this.coordinator.record?.inSync.map(({ storeId }) => storeId) ?? []
    const outside = lasting.find(({ disk }) => !inSync.includes(disk.storeId))
    if (outside !== undefined) return `${outside.name} is not in sync`
    return inSync.length > lasting.length
      ? 'a lost or removed store is still in the set'
      : undefined
  }

  /** Whichever process runs there now: it may be a later one than the one that sent something. */
  #underWay(from: Sender, to: string): void {
    const receiver = this.member(to)
    receiver?.input({ type: 'peer-sends', peer: from })
    if (receiver?.running !== true) return
    this.member(from.member)?.input({ type: 'peer-receives', peer: receiver.self })
  }

  /** Members hear of each other now and then. */
  #gossip(): void {
    const { timeline, members, network, random } = this
    for (const member of members) {
      const others = members.filter((other) => other !== member && this.discovered.has(other.name))
      const heard = others.filter(
        (other) => other.running && network.connects(other.name, member.name),
      )
      const virgins = heard.filter(({ disk }) => disk.facts.clusterId === undefined)
      member.input({
        type: 'peers',
        members: others.map(({ name }) => name),
        allVirgin: virgins.length === others.length,
      })
      const other = heard.length > 0 ? random.pick(heard).replica!.status : undefined
      if (other?.hearsLeader) {
        member.input({ type: 'leader-heard', epoch: other.epoch })
      }
    }
    timeline.after(random.between(200, 400), () => this.#gossip())
  }

  #watch(): void {
    for (const member of this.members) {
      if (this.random.chance(0.3)) continue
      this.timeline.after(this.random.between(5, 300), () => {
        if (this.coordinator.unreachable.has(member.name)) return
        member.input({ type: 'record-may-have-changed' })
      })
    }
  }

  #readLinearizably(): void {
    const member = this.random.chance(0.5) ? this.likelyLeader() : this.random.pick(this.members)
    member.confirm()
    this.timeline.after(this.random.between(20, 200), () => this.#readLinearizably())
  }
}

/** What the record never does, whoever changes it. */
function checkChange(before: ClusterRecord, after: ClusterRecord): void {
  if (after.recovery?.epoch !== before.recovery?.epoch) return
  const joined = after.inSync.filter(
    ({ storeId }) => !before.inSync.some((store) => store.storeId === storeId),
  )
  const returned = joined.find(({ storeId }) => isRemoved(before, storeId))
  check(returned === undefined, '5', () => `${returned!.storeId} was removed, and is in sync again`)
  const { inSync, minInSync } = after
  check(
    minInSync <= Math.max(before.minInSync, inSync.length),
    '5',
    () => `${minInSync} are needed from now on, and ${inSync.length} are in sync`,
  )
  const small = inSync.length < minInSync && inSync.length < before.inSync.length
  check(!small, '5', () => `the set shrinks to ${inSync.length} of ${minInSync}`)
}
