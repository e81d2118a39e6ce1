import type { Scenario } from './scenario'

/** What one call of the bench measures. */
export interface Suite {
  /** What selects it, behind `npm run bench --`; the first one needs no name. */
  name: 'embedded' | 'server' | 'cluster'
  /** A sentence for --help. */
  description: string
  /** In the order in which they run. */
  scenarios: readonly Scenario[]
  /**
   * Installs what Goethe is held against, and reports what could not be: it is then not measured,
   * and the others are. Resolves with their versions.
   */
  prepare(report: (line: string) => void): Promise<Record<string, string>>
  /** Below bench/results: what programs read, and a chart for people. */
  results: { json: string; chart: string }
}
