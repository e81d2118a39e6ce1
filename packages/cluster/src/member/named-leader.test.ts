import { systemClock } from '@goethe/core'
import { describe, expect, it } from 'vitest'
import { DrivenReplica, settledFacts, storeOf } from '../../tests-support/driven-replica.js'
import { MemoryDisk } from '../../tests-support/memory-disk.js'
import { sample } from '../coordinator/record-samples.js'
import type { DurableFacts } from '../replica/facts.js'
import { Random } from '../simulation/random.js'
import { NamedAgreement } from './named-leader.js'
import { type GrantAnswer, decodeRecordRequest } from './record-exchange.js'

/** What a member keeps through restarts, and who it is told leads. */
class Member {
  readonly disk = new MemoryDisk()
  facts: DurableFacts = settledFacts
  agreement: NamedAgreement
  readonly known: number[] = []
  #namedLeader = ''
  #replica: DrivenReplica

  constructor(
    readonly name: string,
    readonly world: World,
    namedLeader: string,
  ) {
    ;[this.#replica, this.agreement] = this.#started(namedLeader)
  }

  /** Starts again, with what is on disk, and perhaps another configuration. */
  restart(namedLeader: string): void {
    ;[this.#replica, this.agreement] = this.#started(namedLeader)
  }

  /** Tries to lead an epoch as a replica does, promise first, and is told how that ended. */
  async lead(epoch: number): Promise<string> {
    const { seenEpoch, granted, attempt } = this.facts
    if (epoch <= Math.max(seenEpoch, granted?.epoch ?? 0, (attempt?.epoch ?? 0) - 1)) return 'never'
    this.facts = { ...this.facts, attempt: { epoch, token: undefined } }
    this.restart(this.#namedLeader)
    const { coordinator } = this.agreement
    const read = await coordinator.read()
    const record = sample({ epoch, leader: undefined, clusterId: this.name })
    const { outcome } = await coordinator.change(read?.token, record)
    if (outcome === 'changed') this.facts = { ...this.facts, seenEpoch: epoch, attempt: undefined }
    return outcome
  }

  #started(namedLeader: string): [DrivenReplica, NamedAgreement] {
    this.#namedLeader = namedLeader
    const { name, world, disk } = this
    const store = storeOf(name)
    const replica = new DrivenReplica(this.facts, { ...store, namedLeader })
    const agreement = new NamedAgreement({
      named: { leader: namedLeader, members: world.names },
      self: store,
      disk,
      clock: systemClock(),
      newId: () => `token ${world.ids++}`,
      last: () => ({ lsn: 0, epoch: 0 }),
      onEpoch: (epoch) => this.known.push(epoch),
      grant: async (epoch, candidate) => this.#grant(epoch, candidate),
      fetch: (from, request) => world.fetch(name, from, request),
    })
    return [replica, agreement]
  }

  #grant(epoch: number, candidate: { member: string; storeId: string }): GrantAnswer {
    const replica = this.#replica
    replica.step({ type: 'grant', grant: 1, epoch, candidate })
    if (replica.has('persist-facts')) this.facts = replica.persist()
    if (replica.has('granted')) {
      return { outcome: 'granted', last: replica.take('granted').last }
    }
    const { epoch: known, reason } = replica.take('not-granted')
    return { outcome: 'not-granted', epoch: known, reason }
  }
}

class World {
  readonly members = new Map<string, Member>()
  /** Pairs that do not reach each other. */
  readonly cut = new Set<string>()
  ids = 0

  constructor(
    readonly names: readonly string[],
    namedLeader: string,
  ) {
    for (const name of names) this.members.set(name, new Member(name, this, namedLeader))
  }

  get(name: string): Member {
    return this.members.get(name)!
  }

  async *fetch(from: string, to: string, request: Uint8Array): AsyncGenerator<Uint8Array> {
    if (this.cut.has([from, to].sort().join())) throw new Error(`${to} is not connected`)
    yield* this.get(to).agreement.answer(decodeRecordRequest(request)!)
  }
}

describe('a leader that is named', () => {
  it('begins an epoch that a majority grants, and the others read its record', async () => {
    const world = new World(['a', 'b', 'c'], 'a')
    world.cut.add('a,c')
    expect(await world.get('a').lead(6)).toBe('changed')
    expect(await world.get('b').agreement.coordinator.read()).toEqual(
      await world.get('a').agreement.coordinator.read(),
    )
  })

  it('begins none without the others', async () => {
    const world = new World(['a', 'b', 'c'], 'a')
    world.cut.add('a,b').add('a,c')
    expect(await world.get('a').lead(6)).toBe('failed')
    expect(await world.get('a').agreement.coordinator.read()).toBeUndefined()
  })

  it('is the only one to change the record', async () => {
    const world = new World(['a', 'b', 'c'], 'a')
    await world.get('a').lead(6)
    expect(await world.get('b').lead(7)).toBe('failed')
    expect((await world.get('a').agreement.coordinator.read())?.record.epoch).toBe(6)
  })

  it('is not asked for a record by members that are told otherwise', async () => {
    const world = new World(['a', 'b', 'c'], 'a')
    world.get('b').restart('c')
    await expect(world.get('b').agreement.coordinator.read()).rejects.toMatchObject({
      code: 'GOETHE_UNAVAILABLE',
      message: expect.stringContaining('its own configuration names a as the leader') as string,
    })
  })

  it('leads where a majority is told so, and the one that was named before learns of it', async () => {
    const world = new World(['a', 'b', 'c'], 'a')
    await world.get('a').lead(6)
    for (const name of ['b', 'c']) world.get(name).restart('b')
    expect(await world.get('b').lead(7)).toBe('changed')
    expect(await world.get('a').lead(7)).toBe('failed')
    expect(world.get('a').known).toContain(7)
  })
})

it('no epoch is ever that of two, whoever is named where, and whoever reaches whom', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed)
    const names = random.chance(0.5) ? ['a', 'b', 'c'] : ['a', 'b', 'c', 'd', 'e']
    const anyone = (): string => names[random.below(names.length)]!
    const world = new World(names, anyone())
    const led = new Map<number, string>()
    for (let step = 0; step < 60; step++) {
      world.cut.clear()
      for (let cuts = random.below(names.length); cuts > 0; cuts--) {
        world.cut.add([anyone(), anyone()].sort().join())
      }
      const leader = anyone()
      for (const name of names) if (random.chance(0.3)) world.get(name).restart(leader)
      const candidate = random.chance(0.7) ? leader : anyone()
      const epoch = 6 + random.below(2) + Math.floor(step / 6)
      const outcome = await world
        .get(candidate)
        .lead(epoch)
        .catch(() => 'failed')
      if (outcome !== 'changed') continue
      expect([seed, epoch, led.get(epoch) ?? candidate]).toEqual([seed, epoch, candidate])
      led.set(epoch, candidate)
    }
    expect(led.size).toBeGreaterThan(0)
  }
})
