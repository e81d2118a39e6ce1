/**
 * Lists cut down to some patterns. Each pattern is one range of the log's own lists, and the ranges
 * do not overlap: they are asked one after the other, in the order in which the log lists, until a
 * page is full. What lies between them is never read.
 */
import type { CursorDescription, OwnCursorsOptions, TopicsOptions } from '@goethe/core'
import { checkCursors, checkTopics } from '@goethe/core/contract'
import type { ServedLog } from '../served-log.js'
import type { TopicPattern } from './grants.js'

/** A page of the topics that match one of the patterns. Throws ArgumentError for wrong options. */
export async function topicsWithin(
  log: ServedLog,
  patterns: readonly TopicPattern[],
  options: TopicsOptions = {},
): Promise<string[]> {
  const { prefix, after, limit } = checkTopics(options)
  const ranges = patterns
    .map((pattern) => common(pattern, prefix))
    .filter((pattern) => pattern !== undefined)
    .map((pattern) => ({ pattern, start: 'topic' in pattern ? pattern.topic : pattern.prefix }))
  const found: string[] = []
  for (const { pattern, start } of remaining(ranges, after)) {
    const left = limit - found.length
    if (left === 0) break
    if ('prefix' in pattern) {
      found.push(...(await log.topics({ prefix: start, after, limit: left })))
      continue
    }
    // In the order of names, the first that starts so is the one that is called so.
    const isPassed = after !== undefined && compareText(start, after) <= 0
    const [first] = isPassed ? [] : await log.topics({ prefix: start, limit: 1 })
    if (first === start) found.push(first)
  }
  return found
}

/** A page of the cursors of topics that match one of the patterns. Throws ArgumentError likewise. */
export async function cursorsWithin(
  log: ServedLog,
  patterns: readonly TopicPattern[],
  { prefix = '', ...options }: Omit<OwnCursorsOptions, 'topic'> = {},
): Promise<CursorDescription[]> {
  const { after, limit } = checkCursors(options)
  // Cursors are listed in the order of `topic:consumer`.
  const ranges = patterns
    .map((pattern) => common(pattern, prefix))
    .filter((pattern) => pattern !== undefined)
    .map((pattern) => ({
      pattern,
      start: 'topic' in pattern ? `${pattern.topic}:` : pattern.prefix,
    }))
  const key = after && `${after.topic}:${after.consumer}`
  const found: CursorDescription[] = []
  for (const { pattern } of remaining(ranges, key)) {
    const left = limit - found.length
    if (left === 0) break
    found.push(...(await log.cursors({ ...pattern, after, limit: left })))
  }
  return found
}

/** What matches the pattern and starts with the prefix too. */
function common(pattern: TopicPattern, prefix: string): TopicPattern | undefined {
  if ('topic' in pattern) return pattern.topic.startsWith(prefix) ? pattern : undefined
  if (pattern.prefix.startsWith(prefix)) return pattern
  return prefix.startsWith(pattern.prefix) ? { prefix } : undefined
}

/** The ranges in order, without those that lie before `after` as a whole. */
function remaining<Range extends { start: string }>(
  ranges: readonly Range[],
  after: string | undefined,
): Range[] {
  const sorted = [...ranges].sort((a, b) => compareText(a.start, b.start))
  if (after === undefined) return sorted
  return sorted.filter(({ start }) => after.startsWith(start) || compareText(start, after) > 0)
}

/** As the store sorts: by bytes, which is not how strings compare. */
function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
