import type { Durability } from '@goethe/core'

/** Where an append is once it is acknowledged, to go on from "an append counts once it is". */
export const durabilityText: Record<Durability, string> = {
  memory: 'in memory',
  os: 'with the operating system (durability os)',
  fsync: 'on the disk (durability fsync)',
}
