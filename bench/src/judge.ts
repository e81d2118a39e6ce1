import type { Comparison, Outcome } from './compare'
import type { BoundGoal, MetricRatioGoal, RatioGoal } from './scenario'
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
  return scenario.goals.map((goal) => {
    if ('atLeast' in goal) return judgeRatio(scenario.name, goal, outcomeOf)
    if ('theirs' in goal) return judgeMetricRatio(scenario.name, goal, outcomeOf)
    return judgeBound(scenario.name, goal, outcomeOf(goal.ours))
  })
}

type OutcomeOf = (contestant: string) => Outcome

function judgeRatio(
  scenario: string,
  { ours, theirs, atLeast }: RatioGoal,
  outcomeOf: OutcomeOf,
): Verdict {
  const names = typeof theirs === 'string' ? [theirs] : theirs
  const rivals = names.map(outcomeOf).filter(({ samples }) => samples.length > 0)
  const measured = medianRatio(outcomeOf(ours), rivals, ({ samples }, others, round) => {
    return samples[round]!.rate / Math.max(...others.map((other) => other.samples[round]!.rate))
  })
  const goal = `${ours} / ${names.join(' or ')}`
  return { scenario, goal, measured, atLeast, pass: measured === null ? null : measured >= atLeast }
}

function judgeMetricRatio(
  scenario: string,
  { ours, theirs, plus, metric, atMost }: MetricRatioGoal,
  outcomeOf: OutcomeOf,
): Verdict {
  const names = plus === undefined ? [theirs] : [theirs, plus]
  const at = ({ samples }: Outcome, round: number) => samples[round]!.metrics![metric]!
  const measured = medianRatio(outcomeOf(ours), names.map(outcomeOf), (our, others, round) => {
    return at(our, round) / others.reduce((sum, other) => sum + at(other, round), 0)
  })
  const below = plus === undefined ? theirs : `(${names.join(' + ')})`
  const goal = `${ours} / ${below}: ${metric}`
  return { scenario, goal, measured, atMost, pass: measured === null ? null : measured <= atMost }
}

/**
 * The median of the ratios within each round: what disturbed a round mostly disturbed all in it.
 * Null when somebody has no round.
 */
function medianRatio(
  our: Outcome,
  others: readonly Outcome[],
  ratioOf: (our: Outcome, others: readonly Outcome[], round: number) => number,
): number | null {
  if (others.length === 0) return null
  const rounds = Math.min(...[our, ...others].map(({ samples }) => samples.length))
  if (rounds === 0) return null
  return median(Array.from({ length: rounds }, (_, round) => ratioOf(our, others, round)))
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
