import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import type { Scenario } from './scenario'
import type { Suite } from './suite'

export const usage = (suites: readonly Suite[]) => `Measures Goethe.

  npm run bench -- [suite] [options]

${suites.map(({ name, description }) => `  ${name.padEnd(20)}${description}`).join('\n')}

  --quick             fewer events and rounds, for a first impression
  --only <names>      only these scenarios, separated by commas; --list shows them
  --rounds <n>        how often each contestant takes its turn (5; with --quick 3)
  --directory <path>  where to make the stores (the system's temporary directory)
  --cpu-prof          write CPU profiles of the last round to bench/results/profiles
  --list              show the scenarios of the suite
  --help              show this`

export interface Arguments {
  suite: Suite
  help: boolean
  list: boolean
  quick: boolean
  selected: Scenario[]
  rounds: number
  parent: string
  cpuProfiles: boolean
}

/** Throws with a sentence for the user where the arguments are not what they should be. */
export function parseArguments(args: string[], suites: readonly Suite[]): Arguments {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
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
  if (positionals.length > 1) throw new Error('One suite at a time')
  const suite = positionals.length === 0 ? suites[0]! : named('suite', positionals[0]!, suites)
  const { scenarios } = suite
  const rounds = Number(values.rounds ?? (quick ? 3 : 5))
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error('--rounds must be 1 or more')
  const selected =
    values.only === undefined
      ? scenarios.filter(({ extra }) => !(quick && extra === true))
      : values.only.split(',').map((name) => named('scenario', name, scenarios))
  return {
    suite,
    help,
    list,
    quick,
    selected,
    rounds,
    parent: values.directory,
    cpuProfiles: values['cpu-prof'],
  }
}

function named<T extends { name: string }>(what: string, name: string, all: readonly T[]): T {
  const one = all.find((candidate) => candidate.name === name)
  if (one !== undefined) return one
  const names = all.map((candidate) => candidate.name).join(', ')
  throw new Error(`There is no ${what} ${name}; there are ${names}`)
}
