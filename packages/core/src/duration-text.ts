/** The units in which durations are written, in milliseconds. */
export const durationUnitsMs = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const

/** Milliseconds of `500ms`, `30s`, `1.5h`, `1h30m`, `7d`, `2w`; undefined for what is no duration. */
export function durationMsOfText(text: string): number | undefined {
  if (!/^(\d{1,9}(\.\d{1,9})?(ms|[smhdw])){1,6}$/.test(text)) return undefined
  const parts = text.matchAll(/([\d.]+)(ms|[smhdw])/g)
  const ms = [...parts].reduce((sum, [, count, unit]) => {
    return sum + Number(count) * durationUnitsMs[unit as keyof typeof durationUnitsMs]
  }, 0)
  return Math.round(ms)
}
