/**
 * Somebody puts an older record of the same epoch in the place of the one that is, as a backup of etcd would.
 * It names a store that was dropped since and lacks what is committed. The leader has to notice, and to
 * write its own record again. While the older one stands nobody else reaches it: whoever came to lead by it
 * would do so in good faith, and nothing that members know could help.
 */
import type { ClusterRecord } from '../record.js'
import type { SimulatedMember } from './simulated-member.js'
import type { World } from './world.js'

/** False where there is nothing of that kind to do. */
export function putRecordBack(world: World): boolean {
  const { coordinator, ledger, members, random, timeline } = world
  const { record } = coordinator
  if (record?.leader === undefined || world.inDoubt) return false
  const leader = members.find((member) => knows(member, record))
  if (leader === undefined) return false
  const disks = members.map(({ disk }) => disk).filter((disk) => !ledger.isWhole(disk))
  const lacking = new Set(disks.map(({ storeId }) => storeId))
  const older = coordinator.earlierRecords.filter(({ inSync }) =>
    inSync.some(({ storeId }) => lacking.has(storeId)),
  )
  if (older.length === 0) return false
  const { replica } = leader
  const leads = () => leader.replica === replica && replica?.status.role === 'leader'
  const found = random.pick(older)
  world.trace(() => `an older record is put back: ${JSON.stringify(found)}`)
  coordinator.putBack(found, {
    reaches: (name) => name === leader.name && leads(),
    isTaken: () => leads() && replica?.status.inSync === found.inSync,
  })
  const watch = () => {
    // g: whom the leader takes for in sync.
    if (!coordinator.displaced || coordinator.record !== found) return ledger.checkSet()
    // Without the leader that could tell, it takes somebody who has a newer one.
    if (!leads()) return coordinator.putRight()
    timeline.after(10, watch)
  }
  watch()
  return true
}

/** Whether it leads, and no answer is on its way that would tell it something new about the record. */
function knows({ replica }: SimulatedMember, record: ClusterRecord): boolean {
  const status = replica?.status
  return (
    status?.role === 'leader' &&
    status.epoch === record.epoch &&
    status.inSync === record.inSync &&
    status.minInSync === record.minInSync &&
    status.removed === record.removed
  )
}
