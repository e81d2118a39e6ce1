/**
 * Somebody deletes the record (rule 12). Who leads goes on, and nobody makes a new record by itself, until
 * an operator lets the leader do it, or where there is none a member that was in sync.
 */
import type { ClusterRecord } from '../record.js'
import type { SimulatedMember } from './simulated-member.js'
import type { World } from './world.js'

export function loseRecord(world: World): void {
  const { coordinator, timeline, random } = world
  const { record } = coordinator
  if (record === undefined || world.inDoubt) return
  // A member that is new, and heard just now that all others are, would take this for the beginning.
  const joined = world.members.filter((member) => member.joined)
  if (joined.some(({ disk }) => disk.facts.clusterId === undefined)) return
  coordinator.delete()
  world.trace(() => 'the record is deleted')
  timeline.after(random.between(0, 3_000), () => recover(world, record))
}

/** Until there is a record: the coordinator may be away, and the member too. */
function recover(world: World, lost: ClusterRecord): void {
  const { coordinator, members, random, timeline } = world
  // Another one was made since, and perhaps deleted as well: who was in sync then is another question.
  if (coordinator.record !== undefined || coordinator.lastRecord !== lost) return
  const inSync = members.filter(
    ({ running, disk }) => running && lost.inSync.some(({ storeId }) => storeId === disk.storeId),
  )
  const leader = inSync.find((member) => leads(member, lost.epoch))
  if (inSync.length > 0) (leader ?? random.pick(inSync)).recover()
  timeline.after(500, () => recover(world, lost))
}

function leads({ replica }: SimulatedMember, epoch: number): boolean {
  return replica?.status.role === 'leader' && replica.status.epoch >= epoch
}
