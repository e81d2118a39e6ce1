/** Runs one seed. */
import { Violation } from './violation.js'
import { World, type WorldOptions } from './world.js'

export interface SeedResult {
  readonly seed: number
  readonly steps: number
  /** Appends that were acknowledged. */
  readonly acknowledged: number
  /** What went wrong, or undefined when all is well. */
  readonly failure: string | undefined
}

export function simulate(seed: number, options: WorldOptions = {}): SeedResult {
  const world = new World(seed, options)
  let failure: string | undefined
  try {
    world.run()
  } catch (error) {
    // A broken invariant inside of the state machine counts as much as one seen from outside.
    failure = error instanceof Violation ? error.message : String((error as Error).stack)
  }
  const { steps, ledger } = world
  return { seed, steps, acknowledged: ledger.acknowledged, failure }
}
