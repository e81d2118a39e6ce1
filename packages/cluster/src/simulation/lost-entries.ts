/**
 * A store comes back with less than it acknowledged: its disk had lied, or an older copy of it was put back.
 * Until the leader hears where its journal ends nobody can know that; from then on it counts with what it
 * has. One that would lead meanwhile gets an empty disk, as nothing that it knows could keep it from that.
 */
import type { PeerMessage } from '../replica/messages.js'
import type { SimulatedMember } from './simulated-member.js'
import type { World } from './world.js'

export class LostEntries {
  readonly storeId: string
  /** What is committed up to here it may lack: that it has lost something is not known yet. */
  mayLackLsn = Infinity
  /** The process that had everything. */
  readonly #before: string

  constructor(
    private readonly world: World,
    private readonly member: SimulatedMember,
  ) {
    this.storeId = member.disk.storeId
    this.#before = member.self.incarnation
  }

  /** A message is about to be taken. */
  heard(by: SimulatedMember, { from, epoch, body }: PeerMessage): void {
    const { incarnation } = this.member.self
    if (this.mayLackLsn < Infinity || from.incarnation !== incarnation) return
    if (incarnation === this.#before || body.type !== 'reconcile') return
    const status = by.replica?.status
    if (status?.role !== 'leader' || status.epoch !== epoch) return
    // What was decided before that is not to be changed any more, nor what a former leader decides that was
    // told before.
    const decided = this.world.members.map((member) => {
      const its = member.replica?.status
      if (its === undefined) return 0
      return its.role === 'leader' && member !== by ? its.lastLsn : its.commitLsn
    })
    this.mayLackLsn = Math.max(this.world.ledger.lastLsn, ...decided)
  }

  /** Whether it has everything again, or nobody counts on it any more. */
  get over(): boolean {
    const { disk } = this.member
    if (disk.storeId !== this.storeId) return true
    if (this.mayLackLsn === Infinity) return false
    const { ledger, coordinator } = this.world
    const sets = coordinator.possibleRecords.flatMap(({ inSync }) => inSync)
    // What is decided may be applied nowhere yet.
    const isWhole = disk.safeLsn >= this.mayLackLsn && ledger.isWhole(disk)
    return isWhole || sets.every(({ storeId }) => storeId !== this.storeId)
  }

  /** An operator gives it an empty disk. */
  replace(): void {
    const { member, world } = this
    member.crash()
    member.empty()
    world.loss = undefined
    member.crashFor(world.random.between(1, 500))
  }
}

/** False where there is nothing of that kind to do at this moment. */
export function loseEntries(world: World, member: SimulatedMember): boolean {
  const { coordinator, ledger, random, timeline } = world
  const { disk, replica } = member
  if (coordinator.record === undefined || world.inDoubt || !world.mayLose(disk.storeId))
    return false
  if (replica === undefined || replica.status.role === 'leader') return false
  if (coordinator.possibleRecords.some(({ leader }) => leader?.storeId === disk.storeId))
    return false
  // What it has acknowledged and is not committed yet is what others may count on next.
  const { safeLsn, base } = disk
  if (safeLsn === base.lsn || (safeLsn <= ledger.lastLsn && random.chance(0.98))) return false
  member.crash()
  const fewest = random.chance(0.7) ? Math.max(base.lsn, disk.safeLsn - 6) : base.lsn
  const lsn = fewest + 1 + random.below(Math.max(1, disk.safeLsn - fewest))
  world.trace(() => `${member.name} loses its entries from ${lsn} on, it had ${disk.safeLsn}`)
  world.loss = new LostEntries(world, member)
  disk.lose(lsn)
  member.crashFor(random.between(1, 20))
  const watch = () => {
    if (world.loss?.storeId !== disk.storeId) return
    if (world.loss.over) world.loss = undefined
    else timeline.after(20, watch)
  }
  watch()
  return true
}
