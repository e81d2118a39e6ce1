import { contestant } from '../../server/contestant'
import { singleAppends } from '../../server/scenarios/in-flight'
import type { Scenario } from '../../src/scenario'
import { goals, kinds } from '../contestants/all'

/** Programs append events as they come; each is on three disks before it is acknowledged. */
export const inFlightScenario: Scenario = {
  name: 'in-flight',
  title: '1,000 single appends in flight, three copies, 100-byte events',
  unit: 'events/s',
  contestants: kinds.map((kind) => contestant(kind, 'fsync', singleAppends)),
  goals,
}
