import type { Run } from '../src/scenario'
import { timedCalls } from './timed-calls'

export const inFlight = 100

/** Makes calls, many in flight, first to warm up. `total` counts both. */
export async function measureCalls(
  { scale }: Run,
  call: (index: number) => Promise<unknown>,
): Promise<{ perSecond: number; total: number }> {
  const warmUp = await timedCalls(call, inFlight, scale.durationMs(2000))
  const { calls, perSecond } = await timedCalls(call, inFlight, scale.durationMs(3000))
  return { perSecond, total: warmUp.calls + calls }
}
