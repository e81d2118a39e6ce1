/** Events and bytes by time, from the index alone: its entries are totals, and counts their differences. */
import type { TopicSelector } from './read-api.js'
import type { HistogramBucket, HistogramOptions } from './topic-api.js'
import { checkOptions } from './arguments.js'
import { dateOf } from './clock.js'
import { ArgumentError } from './errors.js'
import { intervalStart } from './index-entry.js'
import { type Interval, intervalMs } from './interval.js'
import { trailingId, within } from './keyspace.js'
import { checkIdOrTime, checkSelector } from './position.js'
import type { Store } from './store.js'
import { indexEntryBefore, readIndexEntry } from './time-index.js'
import { statesOf } from './topic-catalog.js'
import type { TopicState, TopicStates } from './topic-state.js'

const nanosecondsPerMs = 1_000_000n

/** See `EventLog.histogram`. */
export async function histogramOf(
  store: Store,
  states: TopicStates,
  indexIntervalMs: number,
  topics: TopicSelector,
  options: HistogramOptions,
): Promise<HistogramBucket[]> {
  checkOptions(options, ['from', 'to', 'interval'])
  const selector = checkSelector(topics)
  const range: HistogramRange = {
    from: options.from === undefined ? 0n : checkIdOrTime('from', options.from),
    to: options.to === undefined ? 2n ** 63n : checkIdOrTime('to', options.to),
    intervalNs: BigInt(indexIntervalMs) * nanosecondsPerMs,
    bucketStart: bucketStartOf(options.interval, indexIntervalMs),
  }
  const buckets = new Map<number, HistogramBucket>()
  if (selector.type === 'topic') {
    const state = await states.load(selector.topic)
    await addToHistogram(store, state, range, buckets)
  } else {
    for await (const state of statesOf(store, states, selector.prefix)) {
      await addToHistogram(store, state, range, buckets)
    }
  }
  return [...buckets.values()].sort((a, b) => a.start.getTime() - b.start.getTime())
}

/** How buckets of a histogram are cut. Throws ArgumentError for what the index cannot tell. */
function bucketStartOf(
  interval: HistogramOptions['interval'],
  indexIntervalMs: number,
): (ms: number) => number {
  if (interval === 'month' || interval === 'year') {
    if (86_400_000 % indexIntervalMs !== 0) {
      throw new ArgumentError(`Buckets by ${interval} need an index interval that divides a day`)
    }
    return (ms) => {
      const date = new Date(ms)
      return Date.UTC(date.getUTCFullYear(), interval === 'month' ? date.getUTCMonth() : 0)
    }
  }
  const width = interval === undefined ? indexIntervalMs : intervalMs(interval as Interval)
  if (width % indexIntervalMs !== 0) {
    throw new ArgumentError(
      `'interval' is a multiple of the index interval (${indexIntervalMs / 60_000}m); got ` +
        `'${interval}'`,
    )
  }
  return (ms) => ms - (ms % width)
}

/** What a histogram is made of: the range in UNIX nanoseconds and how buckets are cut. */
interface HistogramRange {
  from: bigint
  to: bigint
  intervalNs: bigint
  bucketStart(ms: number): number
}

/** Adds a topic's events to the buckets, which are keyed by their start in milliseconds. */
async function addToHistogram(
  store: Store,
  state: TopicState,
  range: HistogramRange,
  buckets: Map<number, HistogramBucket>,
): Promise<void> {
  const start = intervalStart(range.from, range.intervalNs)
  const earlier = await indexEntryBefore(store, state, start)
  let { sequence, bytes } = state.trimmed
  if (earlier !== undefined && earlier.lastSequence > sequence) {
    sequence = earlier.lastSequence
    bytes = earlier.bytes
  }
  const { lt } = within(state.indexPrefix)
  const end = range.to < 2n ** 63n ? state.indexKey(range.to) : lt
  for await (const [key, value] of store.scan({ gte: state.indexKey(start), lt: end })) {
    const entry = readIndexEntry(state, key, value)
    if (entry.lastSequence <= sequence) continue
    const bucket = range.bucketStart(Number(trailingId(key) / nanosecondsPerMs))
    const counted = buckets.get(bucket) ?? {
      start: dateOf(BigInt(bucket) * nanosecondsPerMs),
      count: 0,
      bytes: 0,
    }
    counted.count += entry.lastSequence - sequence
    counted.bytes += Math.max(entry.bytes - bytes, 0)
    buckets.set(bucket, counted)
    sequence = entry.lastSequence
    bytes = entry.bytes
  }
}
