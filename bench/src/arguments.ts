import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import type { Scenario } from './scenario'

export const usage = `Measures Goethe against other embedded stores.

  npm run bench -- [options]

  --quick             fewer events and rounds, for a first impression
  --only <names>      only these scenarios, separated by commas; --list shows them
  --rounds <n>        how often each contestant takes its turn (5; with --quick 3)
  --directory <path>  where to make the stores (the system's temporary directory)
  --cpu-prof          write CPU profiles of the last round to bench/results/profiles
  --list              show the scenarios
  --help              show this`

export interface Arguments {
  help: boolean
  list: boolean
  quick: boolean
  selected: Scenario[]
  rounds: number
  parent: string
  cpuProfiles: boolean
}

/** Throws with a sentence for the user where the arguments are not what they should be. */
export function parseArguments(args: string[], scenarios: readonly Scenario[]): Arguments {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      directory: { type: 'string', default: tmpdir() },
      'cpu-prof': { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick, list, help } = values
  const rounds = Number(values.rounds ?? (quick ? 3 : 5))
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error('--rounds must be 1 or more')
  const selected =
    values.only === undefined
      ? scenarios.filter(({ extra }) => !(quick && extra === true))
      : values.only.split(',').map((name) => named(name, scenarios))
  return {
    help,
    list,
    quick,
    selected,
    rounds,
    parent: values.directory,
    cpuProfiles: values['cpu-prof'],
  }
}

function named(name: string, scenarios: readonly Scenario[]): Scenario {
  const scenario = scenarios.find((candidate) => candidate.name === name)
  if (scenario !== undefined) return scenario
  const names = scenarios.map((candidate) => candidate.name).join(', ')
  throw new Error(`There is no scenario ${name}; there are ${names}`)
}
