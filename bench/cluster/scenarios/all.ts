import type { Scenario } from '../../src/scenario'
import { batchesInFlightScenario, batchesScenario } from './batches'
import { catchUpScenario } from './catch-up'
import { failOverScenario, handOverScenario } from './fail-over'
import { inFlightScenario } from './in-flight'

/** All scenarios of the cluster, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  inFlightScenario,
  batchesScenario,
  batchesInFlightScenario,
  catchUpScenario,
  failOverScenario,
  handOverScenario,
]
