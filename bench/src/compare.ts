import { mkdtemp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Job } from './job'
import { runJob } from './run-job'
import type { Contestant, Sample, ScaleName, Scenario } from './scenario'

export interface Settings {
  /** The suite that the scenarios are of. */
  suite: string
  scale: ScaleName
  rounds: number
  /** Where stores are made, and removed. */
  directory: string
  /** Where CPU profiles go, if they are wanted. */
  profiles: string | undefined
}

/** What came of a scenario. */
export interface Comparison {
  scenario: Scenario
  outcomes: Outcome[]
}

/** A contestant's rounds, or why it could not be measured. */
export interface Outcome {
  contestant: string
  /** One per round; contestants that run once have one. */
  samples: Sample[]
  failure: string | undefined
}

/**
 * Measures the contestants round by round, in turn, so that a machine that becomes slower or faster
 * does so for all of them; every other round in reverse order, so that none always runs behind the
 * same other one. Each turn has a process and an empty directory of its own.
 */
export async function compare(
  scenario: Scenario,
  settings: Settings,
  onTurn: (contestant: string) => void,
): Promise<Comparison> {
  const outcomes = scenario.contestants.map(({ name }): Outcome => ({
    contestant: name,
    samples: [],
    failure: undefined,
  }))
  const data = await ensureData(scenario, settings, outcomes, onTurn)
  for (let round = 0; round < settings.rounds; round++) {
    const turns = scenario.contestants.map((contestant, index) => ({ contestant, index }))
    if (round % 2 === 1) turns.reverse()
    for (const { contestant, index } of turns) {
      const outcome = outcomes[index]!
      if (outcome.failure !== undefined || (contestant.once === true && round > 0)) continue
      onTurn(contestant.name)
      await takeTurn(scenario, contestant, settings, data, round, outcome)
    }
  }
  mustAgree(scenario, outcomes)
  return { scenario, outcomes }
}

/** Resolves with the directory of the data set; other scenarios may have built it already. */
async function ensureData(
  scenario: Scenario,
  settings: Settings,
  outcomes: Outcome[],
  onTurn: (contestant: string) => void,
): Promise<string> {
  if (scenario.data === undefined) return ''
  const data = join(settings.directory, scenario.data.name)
  const isNew = (await mkdir(data, { recursive: true })) !== undefined
  if (!isNew) return data
  onTurn(`data set ${scenario.data.name}`)
  try {
    await runJob(jobFor(scenario, undefined, settings, data, data, false))
  } catch (error) {
    await rm(data, { recursive: true, force: true })
    for (const outcome of outcomes) outcome.failure = `No data: ${messageOf(error)}`
  }
  return data
}

async function takeTurn(
  scenario: Scenario,
  contestant: Contestant,
  settings: Settings,
  data: string,
  round: number,
  outcome: Outcome,
) {
  const directory = await mkdtemp(join(settings.directory, 'turn-'))
  try {
    const job = jobFor(scenario, contestant.name, settings, directory, data, round === 0)
    outcome.samples.push((await runJob(job, settings.profiles))!)
  } catch (error) {
    outcome.failure = messageOf(error)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function jobFor(
  scenario: Scenario,
  contestant: string | undefined,
  { suite, scale }: Settings,
  directory: string,
  data: string,
  verify: boolean,
): Job {
  return { suite, scenario: scenario.name, contestant, directory, data, scale, verify }
}

function mustAgree({ name }: Scenario, outcomes: readonly Outcome[]) {
  const found = new Set(
    outcomes.flatMap(({ samples }) => samples.map(({ agreement }) => agreement)),
  )
  if (found.size > 1) throw new Error(`${name}: contestants found ${[...found].join(' and ')}`)
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
