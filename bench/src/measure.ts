/** Runs `work` once and resolves with how many of `count` things it did in a second. */
export async function rateOf(count: number, work: () => Promise<unknown>): Promise<number> {
  // What was left by the warm-up is not to be collected on the clock.
  globalThis.gc?.()
  const start = performance.now()
  await work()
  return (count / (performance.now() - start)) * 1000
}

/** Throws unless a store holds, or a reader has seen, what it should. */
export function mustEqual<T>(what: string, actual: T, expected: T): void {
  if (actual !== expected) {
    throw new Error(`${what}: expected ${String(expected)}, found ${String(actual)}`)
  }
}
