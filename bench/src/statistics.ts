export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return NaN
  if (sorted.length % 2 === 1) return sorted[middle]!
  return (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The greatest distance from the median, as a share of it. */
export function spread(values: readonly number[]): number {
  const center = median(values)
  return Math.max(...values.map((value) => Math.abs(value / center - 1)))
}
