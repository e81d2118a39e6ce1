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
  const rivals = rivalsOf(theirs, outcomeOf)
  const measured = medianOfRounds([outcomeOf(ours), ...rivals], (round) => {
    const rateOf = ({ samples }: Outcome) => samples[round]!.rate
    return rateOf(outcomeOf(ours)) / Math.max(...rivals.map(rateOf))
  })
  const goal = `${ours} / ${[theirs].flat().join(' or ')}`
  return { scenario, goal, measured, atLeast, pass: measured === null ? null : measured >= atLeast }
}

function judgeMetricRatio(
  scenario: string,
  { ours, theirs, plus, metric, atMost }: MetricRatioGoal,
  outcomeOf: OutcomeOf,
): Verdict {
  const rivals = rivalsOf(theirs, outcomeOf)
  const added = plus === undefined ? [] : [outcomeOf(plus)]
  const measured = medianOfRounds([outcomeOf(ours), ...rivals, ...added], (round) => {
    const metricOf = ({ samples }: Outcome) => samples[round]!.metrics![metric]!
    const theirBest = Math.min(...rivals.map(metricOf))
    return metricOf(outcomeOf(ours)) / (theirBest + added.reduce((sum, o) => sum + metricOf(o), 0))
  })
  const names = [theirs].flat().join(' or ')
  const below = plus === undefined ? names : `(${names} + ${plus})`
  const goal = `${metric}: ${ours} / ${below}`
  return { scenario, goal, measured, atMost, pass: measured === null ? null : measured <= atMost }
}

/** Those of them that were measured; all when none was. */
function rivalsOf(theirs: string | readonly string[], outcomeOf: OutcomeOf): Outcome[] {
  const rivals = [theirs].flat().map(outcomeOf)
  const measured = rivals.filter(({ samples }) => samples.length > 0)
  return measured.length > 0 ? measured : rivals
}

/**
 * The median over the rounds that all have had: what disturbed a round mostly disturbed all in it.
 * Null when there is none.
 */
function medianOfRounds(
  outcomes: readonly Outcome[],
  valueOf: (round: number) => number,
): number | null {
  const rounds = Math.min(...outcomes.map(({ samples }) => samples.length))
  return rounds === 0 ? null : median(Array.from({ length: rounds }, (_, round) => valueOf(round)))
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
