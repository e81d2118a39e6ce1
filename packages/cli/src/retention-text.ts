import type { Retention } from '@goethe/core'
import { formatDuration } from './duration.js'
import { formatCount, formatSize } from './quantity.js'

/** What a topic keeps, as a sentence. */
export function retentionText(retention: Retention | null): string {
  if (retention === null) return 'keeps everything'
  const { ageMs, bytes, count } = retention
  const bounds = [
    ageMs === undefined ? undefined : `of the last ${formatDuration(ageMs)}`,
    bytes === undefined ? undefined : `within the newest ${formatSize(bytes)}`,
    count === undefined ? undefined : `among the newest ${formatCount(count)}`,
  ].filter((bound) => bound !== undefined)
  return `keeps events ${bounds.join(' and ')}`
}
