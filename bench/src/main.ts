import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Arguments, parseArguments, usage } from './arguments'
import { type Comparison, compare, type Settings } from './compare'
import { installPeers } from './install-peers'
import { judge } from './judge'
import { isBusy, isInMemory, machine } from './machine'
import { comparisonLines, verdictLines } from './report'
import { writeResults } from './results'
import { scenarios } from './scenarios/all'

const resultsPath = fileURLToPath(new URL('../results/latest.json', import.meta.url))
const profilesPath = fileURLToPath(new URL('../results/profiles', import.meta.url))

try {
  const options = parseArguments(process.argv.slice(2), scenarios)
  if (options.help) print(usage)
  else if (options.list) scenarios.forEach(({ name, title }) => print(`${name}: ${title}`))
  else await bench(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function bench({ selected, parent, quick, rounds, cpuProfiles }: Arguments) {
  await installPeers(print)
  const { cpu, cores, memoryGiB, system, node } = machine()
  print(`${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}`)
  if (isBusy()) print('Something else is at work on this machine: the numbers will not hold')
  if (await isInMemory(parent)) {
    print(`${parent} is in memory: choose a --directory on a disk, or fsync measures nothing`)
  }
  const directory = await mkdtemp(join(parent, 'goethe-bench-'))
  const settings: Settings = {
    scale: quick ? 'quick' : 'full',
    rounds,
    directory,
    profiles: cpuProfiles ? profilesPath : undefined,
  }
  try {
    const comparisons = await compareAll(selected, settings)
    const verdicts = comparisons.flatMap(judge)
    print('')
    verdictLines(scenarios, verdicts).forEach(print)
    await writeResults(resultsPath, settings, comparisons, verdicts)
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
