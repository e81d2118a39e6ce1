/**
 * Random tests say which seed failed, and this repeats it:
 *
 *     GOETHE_TEST_SEED=123 npm test -- model.test.ts
 *
 * GOETHE_TEST_RUNS=10 makes ten times as many runs of each.
 */
import fc from 'fast-check'
import { Random } from './random.js'

const seedGiven = process.env['GOETHE_TEST_SEED']
const runsFactor = Number(process.env['GOETHE_TEST_RUNS'] ?? 1)

/** How many runs to make where `runs` is what fits into everybody's `npm test`. */
export function runCount(runs: number): number {
  return Math.max(Math.round(runs * runsFactor), 1)
}

/** The time-out of a random test: more runs take longer. */
export const randomTimeout = 60_000 * Math.max(runsFactor, 1)

/** Parameters for fc.assert; its failures print the seed. */
export function checking(runs: number): fc.Parameters<unknown> {
  const parameters = { numRuns: runCount(runs) }
  return seedGiven === undefined ? parameters : { ...parameters, seed: Number(seedGiven) }
}

/** Runs a random test with one seed after the other; the first that fails is named. */
export async function assertForSeeds(
  runs: number,
  test: (random: Random, seed: number) => Promise<void>,
): Promise<void> {
  for (const seed of seeds(runCount(runs))) {
    try {
      await test(new Random(seed), seed)
    } catch (error) {
      throw new Error(`Failed with GOETHE_TEST_SEED=${seed}: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }
}

function seeds(count: number): number[] {
  if (seedGiven !== undefined) return [Number(seedGiven)]
  const first = Math.floor(Math.random() * 2 ** 31)
  return Array.from({ length: count }, (_, index) => (first + index) >>> 0)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
