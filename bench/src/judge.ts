import type { Comparison, Outcome } from './compare'
import type { BoundGoal, RatioGoal } from './scenario'
import { median } from './statistics'

/** A goal, held against what was measured. */
export interface Verdict {
  scenario: string
  goal: string
  /** Null when one of the two could not be measured. */
  measured: number | null
  atLeast?: number
  atMost?: number
  pass: boolean | null
}

export function judge({ scenario, outcomes }: Comparison): Verdict[] {
  const outcomeOf = (name: string) => outcomes.find(({ contestant }) => contestant === name)!
  return scenario.goals.map((goal) =>
    'theirs' in goal
      ? judgeRatio(scenario.name, goal, outcomeOf(goal.ours), outcomeOf(goal.theirs))
      : judgeBound(scenario.name, goal, outcomeOf(goal.ours)),
  )
}

/** The median of the ratios within each round: what disturbed a round mostly disturbed both. */
function judgeRatio(
  scenario: string,
  { ours, theirs, atLeast }: RatioGoal,
  our: Outcome,
  their: Outcome,
): Verdict {
  const rounds = Math.min(our.samples.length, their.samples.length)
  const goal = `${ours} / ${theirs}`
  if (rounds === 0) return { scenario, goal, measured: null, atLeast, pass: null }
  const ratios = our.samples
    .slice(0, rounds)
    .map(({ rate }, round) => rate / their.samples[round]!.rate)
  const measured = median(ratios)
  return { scenario, goal, measured, atLeast, pass: measured >= atLeast }
}

function judgeBound(
  scenario: string,
  { ours, metric, atMost }: BoundGoal,
  { samples }: Outcome,
): Verdict {
  const goal = `${ours}: ${metric}`
  if (samples.length === 0) return { scenario, goal, measured: null, atMost, pass: null }
  const measured = median(samples.map(({ metrics }) => metrics![metric]!))
  return { scenario, goal, measured, atMost, pass: measured <= atMost }
}
