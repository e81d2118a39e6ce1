import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Arguments, parseArguments, usage } from './arguments'
import { type Comparison, compare, type Settings } from './compare'
import { judge } from './judge'
import { isBusy, isInMemory, machine } from './machine'
import { chart } from './chart'
import { comparisonLines, verdictLines } from './report'
import { writeResults } from './results'
import type { Suite } from './suite'
import { suites } from './suites'

const resultsPath = fileURLToPath(new URL('../results', import.meta.url))

try {
  const options = parseArguments(process.argv.slice(2), suites)
  if (options.help) print(usage(suites))
  else if (options.list) list(options.suite)
  else await bench(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

function list({ scenarios }: Suite) {
  scenarios.forEach(({ name, title }) => print(`${name}: ${title}`))
}

async function bench({ suite, selected, parent, quick, rounds, cpuProfiles }: Arguments) {
  const versions = await suite.prepare(print)
  const { cpu, cores, memoryGiB, system, node } = machine()
  print(`${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}`)
  if (isBusy()) print('Something else is at work on this machine: the numbers will not hold')
  if (await isInMemory(parent)) {
    print(`${parent} is in memory: choose a --directory on a disk, or fsync measures nothing`)
  }
  const directory = await mkdtemp(join(parent, 'goethe-bench-'))
  const settings: Settings = {
    suite: suite.name,
    scale: quick ? 'quick' : 'full',
    rounds,
    directory,
    profiles: cpuProfiles ? join(resultsPath, 'profiles') : undefined,
  }
  try {
    const comparisons = await compareAll(selected, settings)
    const verdicts = comparisons.flatMap(judge)
    print('')
    verdictLines(suite.scenarios, verdicts).forEach(print)
    const { results } = suite
    const path = join(resultsPath, results.json)
    await writeResults(path, { settings, versions, comparisons, verdicts })
    await writeFile(join(resultsPath, results.chart), chart(comparisons))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function compareAll(selected: Arguments['selected'], settings: Settings) {
  const comparisons: Comparison[] = []
  for (const scenario of selected) {
    const start = performance.now()
    const comparison = await compare(scenario, settings, showTurn)
    comparisons.push(comparison)
    showTurn(undefined)
    print('')
    comparisonLines(comparison).forEach(print)
    print(`  (${((performance.now() - start) / 1000).toFixed(0)} s)`)
  }
  return comparisons
}

/** Whose turn it is, on a line that the next one overwrites; nothing where output goes to a file. */
function showTurn(contestant: string | undefined) {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${contestant ?? ''}`)
}

function print(line: string) {
  console.log(line)
}
