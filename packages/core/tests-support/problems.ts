import type { EventLog, VerifyStep } from '../src/index.js'

/** What verify() finds wrong. */
export async function problemsOf(
  log: EventLog,
): Promise<Extract<VerifyStep, { type: 'problem' }>[]> {
  const problems = []
  for await (const step of log.verify()) if (step.type === 'problem') problems.push(step)
  return problems
}
