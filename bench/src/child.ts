/** The process of one round: does the job that it is sent, sends the result back and ends. */
import type { Job, JobResult } from './job'
import { type Sample, scaleOf } from './scenario'
import { suites } from './suites'

process.once('message', (job: Job) => {
  void perform(job).then(
    (sample) => answer({ sample }),
    (error: unknown) => answer({ error: error instanceof Error ? describe(error) : String(error) }),
  )
})

async function perform(job: Job): Promise<Sample | undefined> {
  const { scenarios } = suites.find(({ name }) => name === job.suite)!
  const scenario = scenarios.find(({ name }) => name === job.scenario)!
  const scale = scaleOf(job.scale)
  if (job.contestant === undefined) {
    await scenario.data!.build(job.data, scale)
    return undefined
  }
  const contestant = scenario.contestants.find(({ name }) => name === job.contestant)!
  const { directory, data, verify } = job
  return contestant.run({ directory, data, scale, verify })
}

function answer(result: JobResult) {
  // Some peers leave threads behind that would keep the process.
  process.send!(result, () => process.exit())
}

/** A missing module says so in its first line; below it is where it was searched. */
function describe(error: Error): string {
  if ('code' in error && String(error.code).includes('MODULE_NOT_FOUND')) {
    return error.message.split('\n')[0]!
  }
  return error.stack ?? error.message
}
