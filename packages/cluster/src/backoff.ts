/**
 * How long to wait before the next try: twice as long each time up to `maxMs`, and at random in the
 * upper half of that, so that those who lost the same server do not all come back at once.
 */
export function backoffMs(failures: number, random: () => number, maxMs = 10_000): number {
  const ceiling = Math.min(firstMs * 2 ** Math.min(failures, 20), maxMs)
  return Math.round(ceiling * (0.5 + random() / 2))
}

const firstMs = 50
