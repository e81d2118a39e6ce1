import { describe, expect, it } from 'vitest'
import { defaultLimits, defaultTimes } from '../replica/options.js'
import type { Plan } from './plan.js'
import { calmCoordinator } from './simulated-coordinator.js'
import { calmNetwork } from './simulated-network.js'
import { World } from './world.js'

/** Three members with the defaults, among whom nothing goes wrong but what a test does. */
function calmWorld(seed: number, lastsMs = 20_000, plan: Partial<Plan> = {}): World {
  const world = new World(seed, {
    members: 3,
    plan: {
      lateMembers: 0,
      minInSync: 2,
      times: defaultTimes,
      limits: defaultLimits,
      network: calmNetwork,
      coordinator: calmCoordinator,
      faults: [],
      drift: 0,
      faultsMs: lastsMs,
      clients: 3,
      consumers: 2,
      ...plan,
    },
  })
  world.clientLoss = 0
  world.clientErrors = 0
  for (const { name } of world.members.slice(0, 3)) world.discovered.add(name)
  return world
}

const leaderOf = (world: World) => world.members.find(({ leading }) => leading)!

const failuresOf = (world: World) => world.clients.flatMap(({ failed }) => failed)

/** Virtual time until somebody else leads, in milliseconds. */
function timeWithoutLeader(world: World, seen: (ms: number) => void): void {
  const [old, sinceMs] = [leaderOf(world), world.timeline.nowMs]
  const watch = () => {
    const next = world.members.find((member) => member.leading && member !== old)
    if (next === undefined) world.timeline.after(1, watch)
    else seen(world.timeline.nowMs - sinceMs)
  }
  watch()
}

const seeds = Array.from({ length: 6 }, (_, index) => index + 1)

describe('a cluster in which nothing else goes wrong', () => {
  it('hands its lead over within a second, with no append of unknown outcome', () => {
    for (const seed of seeds) {
      const world = calmWorld(seed)
      let tookMs = Infinity
      world.timeline.after(8_000, () => {
        timeWithoutLeader(world, (ms) => (tookMs = ms))
        leaderOf(world).input({ type: 'hand-over' })
      })
      world.run()
      expect(tookMs).toBeLessThan(1_000)
      expect(failuresOf(world)).not.toContain('unknown')
    }
  })

  it('hands its lead over when the leader is stopped, too', () => {
    for (const seed of seeds) {
      const world = calmWorld(seed)
      let tookMs = Infinity
      world.timeline.after(8_000, () => {
        timeWithoutLeader(world, (ms) => (tookMs = ms))
        leaderOf(world).input({ type: 'stop' })
      })
      world.run()
      expect(tookMs).toBeLessThan(1_000)
      expect(failuresOf(world)).not.toContain('unknown')
    }
  })

  it('has another leader soon after the first one died', () => {
    const times = seeds.map((seed) => {
      const world = calmWorld(seed)
      let tookMs = Infinity
      world.timeline.after(8_000, () => {
        timeWithoutLeader(world, (ms) => (tookMs = ms))
        leaderOf(world).crashFor(15_000)
      })
      world.run()
      return tookMs
    })
    times.sort((first, second) => first - second)
    expect(times[times.length / 2]).toBeLessThan(3_000)
    expect(times.at(-1)).toBeLessThan(6_000)
  })

  it('takes appends as before while the coordinator is away for a minute', () => {
    const world = calmWorld(1, 90_000)
    let before = 0
    const away = () => world.members.map(({ name }) => name)
    world.timeline.after(20_000, () => {
      before = failuresOf(world).length
      for (const name of away()) world.coordinator.unreachable.add(name)
    })
    world.timeline.after(75_000, () => {
      for (const name of away()) world.coordinator.unreachable.delete(name)
    })
    const epochs: unknown[] = []
    for (const ms of [20_000, 85_000]) {
      world.timeline.after(ms, () => epochs.push(world.coordinator.record?.epoch))
    }
    world.run()
    expect(failuresOf(world).length).toBe(before)
    // Nor does its return cost anybody the lead.
    expect(epochs[0]).toBe(epochs[1])
  })

  it('lets a follower out of the in-sync set before it stops', () => {
    const world = calmWorld(1)
    let follower: string | undefined
    world.timeline.after(8_000, () => {
      const member = world.members.find(({ leading }) => !leading)!
      follower = member.disk.storeId
      member.input({ type: 'stop' })
      const watch = () => {
        if (member.running) return world.timeline.after(1, watch)
        const inSync = world.coordinator.record!.inSync.map(({ storeId }) => storeId)
        expect(inSync).not.toContain(follower)
      }
      watch()
    })
    world.run()
    expect(failuresOf(world)).not.toContain('unknown')
    expect(follower).toBeDefined()
  })

  it('grows from three members to five, and shrinks to three again', () => {
    const world = calmWorld(1, 60_000, { lateMembers: 2 })
    const sizes: unknown[] = []
    const note = () => {
      const { inSync, minInSync } = world.coordinator.record!
      sizes.push([inSync.length, minInSync])
    }
    world.timeline.after(8_000, () => {
      for (const member of world.members.slice(3)) {
        world.discovered.add(member.name)
        member.start()
      }
    })
    world.timeline.after(15_000, note)
    world.timeline.after(16_000, () => {
      leaderOf(world).input({ type: 'set-min-in-sync', minInSync: 3 })
    })
    world.timeline.after(40_000, () => {
      note()
      const leader = leaderOf(world)
      for (const { name } of world.members.filter((member) => member !== leader).slice(0, 2)) {
        leader.input({ type: 'remove-member', member: name })
      }
    })
    world.timeline.after(50_000, note)
    world.run()
    expect(sizes).toEqual([
      [5, 2],
      [5, 3],
      [3, 3],
    ])
    expect(failuresOf(world)).not.toContain('unknown')
  })
  it('lets a store in again that was taken out, and gives it what it missed', () => {
    const world = calmWorld(2, 40_000)
    const sets: unknown[] = []
    const note = () => sets.push(world.coordinator.record!.inSync.length)
    let name = ''
    world.timeline.after(8_000, () => {
      const member = world.members.find(({ leading }) => !leading)!
      name = member.name
      leaderOf(world).input({ type: 'remove-member', member: name })
    })
    world.timeline.after(14_000, () => {
      note()
      // The next leader finds in the record who was taken out.
      leaderOf(world).input({ type: 'hand-over' })
    })
    world.timeline.after(20_000, () => {
      note()
      leaderOf(world).input({ type: 'admit-member', member: name })
    })
    world.timeline.after(28_000, note)
    world.run()
    expect(sets).toEqual([2, 2, 3])
    expect(failuresOf(world)).not.toContain('unknown')
  })
})
