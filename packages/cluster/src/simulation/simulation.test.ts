import { describe, expect, it } from 'vitest'
import { rules } from '../replica/rules.js'
import { mutations, unbroken } from './mutations.js'
import { simulate } from './simulate.js'

// CI runs more of them; each run of the same number runs the same seeds.
const seeds = Number(process.env['GOETHE_TEST_SIMULATION_SEEDS'] ?? 200)

// Generous: these count on the processor alone, which may be shared.
const timeout = 300_000

describe('a simulated cluster', () => {
  it(`keeps every invariant in ${seeds} seeds`, { timeout }, () => {
    const failures: string[] = []
    let acknowledged = 0
    for (let seed = 1; seed <= seeds; seed++) {
      const result = simulate(seed)
      acknowledged += result.acknowledged
      if (result.failure === undefined) continue
      failures.push(`npm run simulate -- --from ${seed} --trace: ${result.failure}`)
    }
    expect(failures).toEqual([])
    // A cluster that takes nothing keeps all invariants too.
    expect(acknowledged).toBeGreaterThan(seeds)
  })

  it('does the same again for the same seed', () => {
    const traceOf = (seed: number) => {
      const lines: string[] = []
      simulate(seed, { trace: (line) => lines.push(line) })
      return lines
    }
    expect(traceOf(7)).toEqual(traceOf(7))
    expect(traceOf(7)).not.toEqual(traceOf(8))
  })
})

it('breaks every rule, or says why not', () => {
  const broken = Object.values(mutations).flatMap((mutation) => Object.keys(mutation.rules ?? {}))
  expect(new Set([...broken, ...unbroken])).toEqual(new Set(Object.keys(rules)))
})

describe('the checks of the simulation notice a member that', () => {
  it.each(Object.keys(mutations))('%s', { timeout }, (name) => {
    expect(firstFailure(name)).toBeDefined()
  })
})

/** The first seed that notices a broken rule. */
function firstFailure(name: string): number | undefined {
  for (let seed = 1; seed <= 3_000; seed++) {
    if (simulate(seed, { mutation: mutations[name]! }).failure !== undefined) return seed
  }
  return undefined
}
