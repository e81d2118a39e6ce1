import { durationMsOfText, durationUnitsMs } from '@goethe/core/contract'
import { InvalidArgumentError } from 'commander'

/** Milliseconds of `500ms`, `30s`, `5m`, `1h30m`, `7d`, `2w`. */
export function parseDuration(text: string): number {
  const ms = durationMsOfText(text)
  if (ms !== undefined) return ms
  throw new InvalidArgumentError(
    'It should be a number with a unit, such as 500ms, 30s, 5m, 1h30m, 7d or 2w.',
  )
}

/** A duration longer than nothing. */
export function parsePositiveDuration(text: string): number {
  const ms = parseDuration(text)
  if (ms > 0) return ms
  throw new InvalidArgumentError('It should be longer than nothing.')
}

/** A duration as `parseDuration` takes it, in its two largest units: `3d 4h`, `1m 5s`, `12 ms`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const units = Object.entries(durationUnitsMs)
    .filter(([unit]) => unit !== 'ms' && unit !== 'w')
    .reverse()
  let rest = Math.round(ms / 1000) * 1000
  const parts: string[] = []
  for (const [unit, width] of units) {
    const count = Math.floor(rest / width)
    rest -= count * width
    if (count > 0 && parts.length < 2) parts.push(`${count}${unit}`)
    else if (parts.length > 0) break
  }
  return parts.join(' ')
}
