/**
 * How soon a dead member is suspected, and how often a live one is, in virtual time. Measured with
 * five members that gossip each second, over 20 to 40 seeds of five minutes each:
 *
 *     lost messages    suspected by the others after    false suspicions per member and hour
 *     none             3.2 s (median), 4.7 s (worst)    0
 *     10 %             3.9 s, 6.1 s                     0.06
 *     30 %             6.7 s, 10.6 s                    2.2
 */
import { describe, expect, it } from 'vitest'
import { Random } from '../../../core/tests-support/random.js'
import { runCount } from '../../../core/tests-support/seeds.js'
import { GossipWorld } from '../../tests-support/gossip-world.js'

const names = ['a', 'b', 'c', 'd', 'e']
const minute = 60_000

interface Measured {
  /** For each observer of each run, in milliseconds. */
  detections: number[]
  falseSuspicions: number
  memberHours: number
}

/** Lets five members run, then stops one of them. */
function measure(loss: number, seeds: number, runMs: number): Measured {
  const measured: Measured = { detections: [], falseSuspicions: 0, memberHours: 0 }
  for (let seed = 0; seed < seeds; seed++) {
    const world = new GossipWorld(names, new Random(seed), { loss, delayMsMax: 100 })
    world.run(minute)
    let suspects = new Set<string>()
    world.run(runMs, () => {
      if (world.nowMs % 250 !== 0) return
      const now = suspicions(world)
      for (const one of now) if (!suspects.has(one)) measured.falseSuspicions++
      suspects = now
    })
    measured.memberHours += (runMs / 3_600_000) * names.length
    world.stop('e')
    const stoppedMs = world.nowMs
    const seen = new Set<string>()
    world.run(minute, () => {
      for (const one of suspicions(world)) {
        if (!one.endsWith('>e') || seen.has(one)) continue
        seen.add(one)
        measured.detections.push(world.nowMs - stoppedMs)
      }
    })
    expect(seen.size).toBe(4)
  }
  measured.detections.sort((first, second) => first - second)
  return measured
}

/** Who suspects whom, as `a>e`. */
function suspicions(world: GossipWorld): Set<string> {
  const found = new Set<string>()
  for (const [name, gossip] of world.members) {
    for (const { member, suspected } of gossip.view(world.nowMs).members) {
      if (suspected) found.add(`${name}>${member}`)
    }
  }
  return found
}

describe('five members that gossip', () => {
  it.each([
    [0, 6000, 0],
    [0.1, 8000, 2],
    [0.3, 15_000, 20],
  ])('with a loss of %d all suspect a dead one within %d ms', (loss, worstMs, falsePerHour) => {
    const { detections, falseSuspicions, memberHours } = measure(loss, runCount(5), 2 * minute)
    expect(detections.at(-1)).toBeLessThanOrEqual(worstMs)
    expect(falseSuspicions / memberHours).toBeLessThanOrEqual(falsePerHour)
  })

  it('agree again after one was started again', () => {
    const world = new GossipWorld(names, new Random(1), { loss: 0.1, delayMsMax: 100 })
    world.run(minute)
    world.stop('e')
    world.run(minute)
    world.start('e', 2).step({ type: 'peers', nowMs: world.nowMs, members: names })
    world.run(10_000)
    expect(suspicions(world)).toEqual(new Set())
    for (const gossip of world.members.values()) {
      expect(gossip.view(world.nowMs).get('e')!.generation).toBe(2)
    }
    expect(world.alarms).toEqual([])
  })
})
