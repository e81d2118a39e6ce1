/**
 * The disks of all that are in sync are lost but one at most, and an operator makes a store lead that
 * may lack what was acknowledged (rule 1). What it lacks is lost, said and recorded; all that it has,
 * and what comes after, is held against the invariants as before.
 */
import type { SimulatedMember } from './simulated-member.js'
import type { World } from './world.js'

export function loseMajority(world: World): void {
  const { coordinator, ledger, timeline, random } = world
  const usable = world.lasting.filter(({ disk }) => !disk.damaged)
  if (coordinator.record === undefined || world.inDoubt || usable.length < 2) return
  const survivor = random.pick(usable)
  // It never belonged to the cluster, so there is nothing to recover on it.
  if (survivor.disk.facts.clusterId === undefined) return
  const inSync = new Set(coordinator.possibleRecords.flatMap((record) => record.inSync))
  const lost = new Set([...inSync].map(({ storeId }) => storeId))
  const joined = world.members.filter((member) => member.joined)
  for (const member of joined) if (member.running) member.crash()
  const left = ledger.rewind(survivor.disk)
  world.trace(() => `${survivor.name} survives with ${left} entries`)
  for (const member of joined) {
    const { disk } = member
    // Who has applied what is lost would say so and stop, until it gets an empty disk.
    const ahead = disk.appliedLsn > left
    if (member !== survivor && (lost.has(disk.storeId) || ahead)) member.empty()
  }
  for (const client of [...world.clients, ...world.consumers]) client.rewind()
  for (const member of joined) {
    timeline.after(random.between(0, 1_500), () => {
      if (!member.running) member.start()
    })
  }
  world.survivor = survivor.disk.storeId
  recover(world, survivor)
}

/** Until it leads: the coordinator may be away, and the member too. */
function recover(world: World, survivor: SimulatedMember): void {
  const { storeId } = survivor.disk
  const sets = world.coordinator.possibleRecords.flatMap(({ inSync }) => inSync)
  const others = sets.filter((store) => store.storeId !== storeId && world.exists(store))
  // Somebody leads, or may do so by the rules.
  if (world.members.some((member) => member.leading) || others.length > 0) {
    world.survivor = undefined
    return
  }
  survivor.recover()
  world.timeline.after(500, () => {
    if (survivor.disk.storeId === storeId) recover(world, survivor)
  })
}
