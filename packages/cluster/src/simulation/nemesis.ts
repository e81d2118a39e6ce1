/** Whoever makes things go wrong, for a while. */
import { unreachable } from '@goethe/core'
import type { FaultKind } from './plan.js'
import type { SimulatedMember } from './simulated-member.js'
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
    const { network, coordinator, members } = this.world
    network.faults = calmNetwork
    network.healAll()
    coordinator.faults = { lostRequests: 0, lostAnswers: 0, lateRequests: 0 }
    coordinator.unreachable.clear()
    this.world.clientLoss = 0
    for (const member of members) {
      this.world.discovered.add(member.name)
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
    const member = leader !== undefined && random.chance(0.4) ? leader : random.pick(world.members)
    const lastsMs = random.chance(0.8) ? random.between(20, 1_500) : random.between(1_000, 6_000)
    world.trace(() => `fault: ${kind} at ${member.name} for ${Math.round(lastsMs)} ms`)
    switch (kind) {
      case 'crash':
        return member.crashFor(lastsMs)
      case 'crash-all':
        for (const each of world.members) each.crashFor(random.between(1, lastsMs))
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
      default:
        unreachable(kind)
    }
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

  #undo(afterMs: number, action: () => void): void {
    this.world.timeline.after(afterMs, () => {
      if (!this.#over) action()
    })
  }
}
