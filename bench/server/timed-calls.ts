export interface TimedCalls {
  calls: number
  perSecond: number
}

/**
 * Keeps so many calls under way for a while, each awaited by itself, and lets the last ones end.
 * The calls are numbered from 0.
 */
export async function timedCalls(
  call: (index: number) => Promise<unknown>,
  inFlight: number,
  durationMs: number,
): Promise<TimedCalls> {
  let calls = 0
  const start = performance.now()
  const end = start + durationMs
  async function callAgainAndAgain() {
    while (performance.now() < end) await call(calls++)
  }
  await Promise.all(Array.from({ length: inFlight }, callAgainAndAgain))
  return { calls, perSecond: (calls / (performance.now() - start)) * 1000 }
}
