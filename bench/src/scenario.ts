/** One question, put to several contestants in turn. */
export interface Scenario {
  /** What `--only` selects. */
  name: string
  title: string
  /** What a rate counts, such as 'events/s'. */
  unit: string
  /** Left out by `--quick`. */
  extra?: boolean
  /** What the contestants find in `Run.data`; made once, before the first round. */
  data?: DataSet
  contestants: Contestant[]
  goals: Goal[]
  /** The metrics that the chart shows instead of the rate. */
  charted?: readonly string[]
}

export interface Contestant {
  name: string
  /** Takes part in the first round only: for what is slow, and is there for orientation. */
  once?: boolean
  run(run: Run): Promise<Sample>
}

/** Stores with events in them that several rounds, and several scenarios, only read. */
export interface DataSet {
  name: string
  build(directory: string, scale: Scale): Promise<void>
}

/** What a contestant gets for one round, in a process of its own. */
export interface Run {
  /** Empty, and removed afterwards. */
  directory: string
  /** Where the data set lies. */
  data: string
  scale: Scale
  /** Count what is in the store afterwards, where that takes a while: true in the first round. */
  verify: boolean
}

/** How much work a round is: `--quick` does a fraction of it. */
export interface Scale {
  /** The number of events for a round that full scale gives `full` events. */
  events(full: number): number
  /** The time, in milliseconds, for a round that full scale gives `full`. */
  durationMs(full: number): number
}

export interface Sample {
  /** In the unit of the scenario. */
  rate: number
  /** Other numbers of the round, by name. */
  metrics?: Record<string, number>
  /** What all contestants of a scenario must find alike, such as a sum over their results. */
  agreement?: string
}

export type Goal = RatioGoal | MetricRatioGoal | BoundGoal

/** The rate of one contestant must be so many times that of another one. */
export interface RatioGoal {
  ours: string
  /** Of several, the best one of each round. */
  theirs: string | readonly string[]
  atLeast: number
}

/** A metric of one contestant must not be more than so many times that of another one. */
export interface MetricRatioGoal {
  ours: string
  /** Of several, the lowest of each round. */
  theirs: string | readonly string[]
  /** A contestant whose metric is added to theirs. */
  plus?: string
  metric: string
  atMost: number
}

/** A metric of a contestant must not be higher than this. */
export interface BoundGoal {
  ours: string
  metric: string
  atMost: number
}

const scales: Record<'full' | 'quick', Scale> = {
  full: { events: (full) => full, durationMs: (full) => full },
  quick: {
    // A multiple of all batch sizes, and of the pool of payloads.
    events: (full) => Math.max(1, Math.ceil(full / 4 / 1000)) * 1000,
    durationMs: (full) => full / 2,
  },
}

export type ScaleName = keyof typeof scales

export const scaleOf = (name: ScaleName): Scale => scales[name]
