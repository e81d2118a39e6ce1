/** Whoever makes things go wrong, for a while. */
import { unreachable } from '@goethe/core'
import type { FaultKind } from './plan.js'
import { loseMajority } from './lost-majority.js'
import { loseRecord } from './lost-record.js'
import { loseEntries } from './lost-entries.js'
import { putRecordBack } from './older-record.js'
import type { SimulatedDisk } from './simulated-disk.js'
import type { SimulatedMember } from './simulated-member.js'
import { calmCoordinator } from './simulated-coordinator.js'
import { calmNetwork } from './simulated-network.js'
import type { World } from './world.js'

export class Nemesis {
  #over = false

  constructor(private readonly world: World) {}

  start(): void {
    const { network, coordinator, plan, members, random } = this.world
    network.faults = plan.network
    coordinator.faults = plan.coordinator
    for (const member of members) {
      member.drift = 1 + random.between(-plan.drift, plan.drift)
      member.offsetMs = random.between(0, 10_000)
    }
    this.#plan()
  }

  /** Everything is well again, for good. */
  end(): void {
    this.#over = true
    const { network, coordinator, members, random } = this.world
    network.faults = calmNetwork
    network.healAll()
    coordinator.faults = calmCoordinator
    coordinator.unreachable.clear()
    this.world.clientLoss = 0
    for (const member of members.filter(({ joined }) => joined)) {
      this.world.discovered.add(member.name)
      // An operator gives a disk to those who cannot start, and to some of those who may not join.
      const { damaged, storeId } = member.disk
      const out = !this.world.lasting.includes(member) && this.world.mayLose(storeId)
      if (damaged || (out && random.chance(0.5))) this.#replaceDisk(member, member.disk)
      member.disk.slowness = 1
      member.disk.factsSlowness = 1
      member.disk.failing = false
      member.drift = 1
      if (!member.running) member.start()
    }
  }

  #plan(): void {
    const { timeline, random, plan } = this.world
    timeline.after(random.between(0, plan.faultPauseMs * 2), () => {
      if (this.#over) return
      if (plan.faults.length > 0) this.#do(random.pick(plan.faults))
      this.#plan()
    })
  }

  #do(kind: FaultKind): void {
    const { world } = this
    const { random, network } = world
    // Leaders are hit more often than others: that is where it hurts.
    const leader = world.members.find((member) => member.leading)
    const joined = world.members.filter((each) => each.joined)
    if (joined.length === 0) return
    const member = leader !== undefined && random.chance(0.4) ? leader : random.pick(joined)
    const lastsMs = random.chance(0.8) ? random.between(20, 1_500) : random.between(1_000, 6_000)
    world.trace(() => `fault: ${kind} at ${member.name} for ${Math.round(lastsMs)} ms`)
    switch (kind) {
      case 'crash':
        return member.crashFor(lastsMs)
      case 'crash-all':
        for (const each of joined) each.crashFor(random.between(1, lastsMs))
        return
      case 'cut-one-way': {
        const other = random.pick(world.members).name
        network.cut(member.name, other)
        return this.#undo(lastsMs, () => network.heal(member.name, other))
      }
      case 'isolate':
        return this.#isolate(member, lastsMs)
      case 'coordinator-away':
        return this.#coordinatorAway(world.members, lastsMs)
      case 'coordinator-away-from-one':
        return this.#coordinatorAway([member], lastsMs)
      case 'slow-disk': {
        const { disk } = member
        disk.slowness = random.chance(0.7) ? random.between(10, 400) : 1
        disk.factsSlowness = random.chance(0.7) ? random.between(10, 400) : 1
        return this.#undo(lastsMs, () => {
          disk.slowness = 1
          disk.factsSlowness = 1
        })
      }
      case 'failing-disk':
        member.disk.failing = true
        return
      case 'empty':
        if (!world.mayLose(member.disk.storeId)) return
        member.crashFor(lastsMs)
        return member.empty()
      case 'clock-jump':
        member.offsetMs += random.between(-10_000, 10_000)
        return
      case 'pause':
        member.pausedUntilMs = world.timeline.nowMs + lastsMs
        return
      case 'hand-over':
        return leader?.input({ type: 'hand-over' })
      case 'stop':
        member.input({ type: 'stop' })
        // A stop that takes too long ends in a kill.
        return world.timeline.after(Math.max(lastsMs, 500), () => member.crashFor(100))
      case 'discover':
        world.discovered.add(member.name)
        return
      case 'old-leader-returns':
        return leader && this.#oldLeaderReturns(leader)
      case 'corrupt':
        return this.#corrupt(member, lastsMs)
      case 'join':
        return this.#join()
      case 'remove':
        return leader && this.#remove(leader, random.pick(joined))
      case 'min-in-sync':
        return leader && this.#setMinInSync(leader)
      case 'admit':
        return leader?.input({ type: 'admit-member', member: member.name })
      case 'lose-majority':
        return loseMajority(world)
      case 'lose-record':
        return loseRecord(world)
      case 'put-record-back':
        return this.#soon(() => putRecordBack(world))
      case 'lose-entries':
        return this.#soon(() => loseEntries(world, random.pick(joined)))
      default:
        unreachable(kind)
    }
  }

  /** An operator gives it an empty disk. While the record is lost it would take that for the beginning. */
  #replaceDisk(member: SimulatedMember, disk: SimulatedDisk): void {
    const { world } = this
    if (member.disk !== disk) return
    if (world.recordLost) return world.timeline.after(100, () => this.#replaceDisk(member, disk))
    if (member.running) member.crash()
    member.empty()
    member.crashFor(1)
  }

  /** It does not open what is damaged, until it has another disk. */
  #corrupt(member: SimulatedMember, lastsMs: number): void {
    const { disk } = member
    if (!member.joined || !this.world.mayLose(disk.storeId)) return
    if (member.running) member.crash()
    disk.damaged = true
    this.#undo(lastsMs, () => this.#replaceDisk(member, disk))
  }

  #join(): void {
    const { members, discovered } = this.world
    const member = members.find(({ joined }) => !joined)
    if (member === undefined || this.world.recordLost) return
    member.start()
    if (this.world.random.chance(0.7)) discovered.add(member.name)
  }

  /** Those that no operator has taken out. */
  get #staying(): readonly SimulatedMember[] {
    const { members, removing } = this.world
    return members.filter(({ joined, disk }) => joined && !removing.has(disk.storeId))
  }

  /** An operator takes a member out: stopped and out of discovery before, as told, or else not. */
  #remove(leader: SimulatedMember, member: SimulatedMember): void {
    const { removing, minInSyncAsked, coordinator, discovered, random } = this.world
    const needed = Math.max(2, minInSyncAsked, coordinator.record?.minInSync ?? 0)
    if (member === leader || !this.#staying.includes(member)) return
    if (this.#staying.length <= needed) return
    const { name, disk } = member
    removing.add(disk.storeId)
    if (random.chance(0.5)) {
      if (member.running) member.crash()
      discovered.delete(name)
    }
    const storeId = random.chance(0.5) ? { storeId: disk.storeId } : {}
    leader.input({ type: 'remove-member', member: name, ...storeId })
  }

  /** An operator asks for other copies, now and then for more than there are, which changes nothing. */
  #setMinInSync(leader: SimulatedMember): void {
    const { world } = this
    const { random } = world
    // More than those that stay must never be needed, or nothing would be written for good.
    const minInSync = 1 + random.below(this.#staying.length)
    world.minInSyncAsked = Math.max(world.minInSyncAsked, minInSync)
    leader.input({ type: 'set-min-in-sync', minInSync })
  }

  #isolate(member: SimulatedMember, lastsMs: number): void {
    const { network, members } = this.world
    for (const { name } of members) {
      network.cut(member.name, name)
      network.cut(name, member.name)
    }
    this.#undo(lastsMs, () => {
      for (const { name } of members) {
        network.heal(member.name, name)
        network.heal(name, member.name)
      }
    })
  }

  /**
   * The leader is cut off until there is another one, which then restarts, and hears the old leader
   * before it hears anybody else. Chance alone brings that about too rarely.
   */
  #oldLeaderReturns(old: SimulatedMember): void {
    const { coordinator, members, network, timeline, random } = this.world
    this.#isolate(old, 5_000)
    this.#coordinatorAway([old], 5_000)
    const since = timeline.nowMs
    // What a new leader promised may be on its way to the disk for long.
    if (random.chance(0.5)) for (const { disk } of members) disk.factsSlowness = 200
    const watch = () => {
      if (this.#over || timeline.nowMs - since > 4_000) return
      const next = members.find((member) => member !== old && member.leading)
      if (next === undefined) return timeline.after(20, watch)
      timeline.after(random.between(0, 200), () => {
        if (this.#over) return
        coordinator.unreachable.add(next.name)
        this.#undo(1_000, () => coordinator.unreachable.delete(next.name))
        network.heal(old.name, next.name)
        network.heal(next.name, old.name)
        next.crashFor(random.between(1, 20))
        for (const { disk } of members) disk.factsSlowness = 1
      })
    }
    watch()
  }

  #coordinatorAway(members: readonly SimulatedMember[], lastsMs: number): void {
    const { unreachable: away } = this.world.coordinator
    for (const { name } of members) away.add(name)
    this.#undo(lastsMs, () => {
      for (const { name } of members) away.delete(name)
    })
  }

  /** As soon as it can be done, if that is soon: chance alone meets such moments too rarely. */
  #soon(action: () => boolean, lastsMs = 2_000): void {
    if (this.#over || action() || lastsMs <= 0) return
    this.world.timeline.after(10, () => this.#soon(action, lastsMs - 10))
  }

  #undo(afterMs: number, action: () => void): void {
    this.world.timeline.after(afterMs, () => {
      if (!this.#over) action()
    })
  }
}
