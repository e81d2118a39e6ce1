import type { Comparison, Outcome } from './compare'
import type { Verdict } from './judge'
import type { Scenario } from './scenario'
import { median, spread } from './statistics'

/** The rates of a scenario's contestants, as lines to print. */
export function comparisonLines({ scenario, outcomes }: Comparison): string[] {
  const rows = outcomes.map((outcome) => [outcome.contestant, ...rateColumns(outcome)])
  return [
    `${scenario.title} (${scenario.unit}):`,
    ...columns(rows).map((line) => `  ${line.trimEnd()}`),
  ]
}

function rateColumns({ samples, failure }: Outcome): string[] {
  if (failure !== undefined) return ['not measured:', failure.split('\n')[0]!]
  const rates = samples.map(({ rate }) => rate)
  const metrics = Object.keys(samples[0]!.metrics ?? {}).map(
    (name) => `${name} ${decimal(median(samples.map((sample) => sample.metrics![name]!)))}`,
  )
  const deviation = rates.length > 1 ? `± ${Math.round(spread(rates) * 100)} %` : ''
  return [grouped(median(rates)), deviation, metrics.join(', ')]
}

/** The goals as a Markdown table, which reads well on a terminal too. */
export function verdictLines(scenarios: readonly Scenario[], verdicts: readonly Verdict[]) {
  const title = (name: string) => scenarios.find((scenario) => scenario.name === name)!.title
  const rows = verdicts.map(({ scenario, goal, measured, atLeast, atMost, pass }) => [
    title(scenario),
    goal,
    measured === null ? 'not measured' : decimal(measured),
    atLeast !== undefined ? `≥ ${atLeast}` : `≤ ${atMost}`,
    pass === null ? '' : pass ? 'yes' : 'NO',
  ])
  const head = ['scenario', 'what', 'measured', 'target', 'reached']
  const [headLine, ...lines] = columns([head, ...rows], ' | ').map((line) => `| ${line} |`)
  const rule = headLine!.replaceAll(/[^|]/g, '-')
  return [headLine!, rule, ...lines]
}

/** Pads the cells of each column to the same width. */
function columns(rows: readonly string[][], separator = '  '): string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)))
  }
  const padded = (cell: string, index: number) =>
    /^[\d,.]+$/.test(cell) ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)
  return rows.map((row) => row.map(padded).join(separator))
}

const grouped = (value: number) => Math.round(value).toLocaleString('en-US')
const decimal = (value: number) => (Math.abs(value) < 100 ? value.toFixed(2) : value.toFixed(0))
