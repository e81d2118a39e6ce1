import { contestant } from '../../server/contestant'
import { appendBatches } from '../../server/scenarios/batches'
import type { Scenario } from '../../src/scenario'
import { goals, kinds } from '../contestants/all'

const several = 4

/** The way to the other members and back is part of each batch. */
export const batchesScenario = scenario('batches', 'one after the other', 1)

/** The same with several batches under way, which share it. */
export const batchesInFlightScenario = scenario(
  'batches-in-flight',
  `${several} in flight`,
  several,
)

function scenario(name: string, how: string, inFlight: number): Scenario {
  return {
    name,
    title: `append in batches of 1,000, ${how}, three copies, 100-byte events`,
    unit: 'events/s',
    contestants: kinds.map((kind) => contestant(kind, 'fsync', appendBatches(inFlight))),
    goals,
  }
}
