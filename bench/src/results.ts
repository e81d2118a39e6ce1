import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Comparison, Settings } from './compare'
import type { Verdict } from './judge'
import { machine } from './machine'
import { median } from './statistics'

/** What came of a whole run. */
export interface Measured {
  settings: Settings
  /** Of what Goethe was held against. */
  versions: Record<string, string>
  comparisons: readonly Comparison[]
  verdicts: readonly Verdict[]
}

/** Writes what was measured for programs to read. */
export async function writeResults(
  path: string,
  { settings, versions, comparisons, verdicts }: Measured,
): Promise<void> {
  const results = {
    machine: machine(),
    versions,
    scale: settings.scale,
    rounds: settings.rounds,
    ratios: verdicts,
    scenarios: comparisons.map(({ scenario, outcomes }) => ({
      name: scenario.name,
      title: scenario.title,
      unit: scenario.unit,
      contestants: outcomes.map(({ contestant, samples, failure }) => ({
        name: contestant,
        median: samples.length === 0 ? null : median(samples.map(({ rate }) => rate)),
        rounds: samples.map(({ rate, metrics }) => ({ rate, ...metrics })),
        failure,
      })),
    })),
  }
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `${JSON.stringify(results, null, 2)}\n`)
}
