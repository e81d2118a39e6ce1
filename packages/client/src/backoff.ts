/**
 * How long to wait before the next try: twice as long each time, and at random within that, so that
 * clients that lost the same server do not all come back at once ("full jitter", Brooker,
 * "Exponential Backoff And Jitter", AWS 2015).
 */
export function backoffMs(failures: number, random: () => number): number {
  const ceiling = Math.min(firstMs * 2 ** Math.min(failures, 20), maxMs)
  return ceiling * (0.5 + random() / 2)
}

const firstMs = 50
const maxMs = 2000
