import type { Sample, ScaleName } from './scenario'

/** What a child process is told to do: build a data set, or have a contestant run one round. */
export interface Job {
  suite: string
  scenario: string
  /** Undefined: build the data set of the scenario. */
  contestant: string | undefined
  directory: string
  data: string
  scale: ScaleName
  verify: boolean
}

export type JobResult = { sample: Sample | undefined } | { error: string }
