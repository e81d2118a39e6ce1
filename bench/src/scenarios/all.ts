import type { Scenario } from '../scenario'
import { appendScenario } from './append'
import { memoryScenario } from './memory'
import { openScenario } from './open'
import { scanScenario } from './scan'
import { seekScenario } from './seek'
import { inFlightScenario, oneAtATimeScenario } from './single-appends'
import { tailsScenario } from './tails'

/** All scenarios, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  appendScenario('os', 100),
  appendScenario('fsync', 100),
  appendScenario('os', 1024),
  appendScenario('fsync', 1024),
  inFlightScenario('os'),
  inFlightScenario('fsync'),
  oneAtATimeScenario,
  scanScenario,
  tailsScenario,
  seekScenario,
  memoryScenario,
  openScenario,
]
