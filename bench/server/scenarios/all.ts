import type { Scenario } from '../../src/scenario'
import { batchesInFlightScenario, batchesScenario } from './batches'
import { catchUpScenario } from './catch-up'
import { consumerScenario } from './consumer'
import { idleMemoryScenario } from './idle-memory'
import { inFlightScenario } from './in-flight'
import { oneAtATimeScenario } from './one-at-a-time'
import { tailScenario } from './tail'
import { unaryScenario } from './unary'

/** All scenarios of the server, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  inFlightScenario,
  batchesScenario,
  batchesInFlightScenario,
  oneAtATimeScenario,
  catchUpScenario,
  tailScenario,
  consumerScenario,
  unaryScenario,
  idleMemoryScenario,
]
