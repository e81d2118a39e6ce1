const firstMs = 50

/**
 * How long to wait before the next try: twice as long each time from 50 ms up to `maxMs`, and at
 * random in the upper half of that, so that those who lost the same server do not all come back at
 * once (Brooker, "Exponential Backoff And Jitter", AWS 2015). `random` gives 0 up to 1.
 */
export function backoffMs(failures: number, random: () => number, maxMs: number): number {
  const ceiling = Math.min(firstMs * 2 ** Math.min(failures, 20), maxMs)
  return Math.round(ceiling * (0.5 + random() / 2))
}
