/**
 * The time-based index: for each interval of a topic that has events, its last event. By bisection
 * an event's sequence leads to its id.
 */
import { type IndexEntry, decodeIndexEntry } from './index-entry.js'
import { within } from './keyspace.js'
import type { Store } from './store.js'
import { decodeBlock } from './topic-scan.js'
import { reading } from './stored-entry.js'
import type { TopicState } from './topic-state.js'

/** The id of the event with this sequence, or of the place where it would be. */
export async function idOfSequence(
  store: Store,
  state: TopicState,
  intervalNs: bigint,
  sequence: number,
): Promise<bigint> {
  const { trimmed, lastId, lastSequence } = state
  if (sequence <= trimmed.sequence) return trimmed.id
  if (sequence > lastSequence) return lastId + 1n
  if (sequence === trimmed.sequence + 1) return firstIdOf(store, state)
  const { low, high } = await intervalOfSequence(store, state, intervalNs, sequence)
  return idWithin(store, state, low, high, sequence)
}

/** The id of the first event that is still there. */
async function firstIdOf(store: Store, state: TopicState): Promise<bigint> {
  const { topic, trimmed, eventsPrefix } = state
  const behind = trimmed.id + 1n
  const found = await store.first({ ...within(eventsPrefix), gte: state.eventKey(behind) })
  if (found === undefined) return behind
  const { firstId } = decodeBlock(topic, ...found)
  return firstId > behind ? firstId : behind
}

/** An event and its sequence, as bounds of a search. */
interface Bound {
  id: bigint
  sequence: number
}

/** Bounds of the sequence that are one interval apart: `low` before it, `high` at or after it. */
async function intervalOfSequence(
  store: Store,
  state: TopicState,
  intervalNs: bigint,
  sequence: number,
): Promise<{ low: Bound; high: Bound }> {
  const { trimmed, record } = state
  let low: Bound = trimmed
  let high: Bound = { id: state.lastId, sequence: state.lastSequence }
  const firstId = low.id > 0n ? low.id : (record?.createdId ?? 0n)
  // Intervals by number; the one of `below` and those before are known to end before the sequence.
  let below = firstId / intervalNs - 1n
  let above = high.id / intervalNs
  while (above - below > 1n) {
    const middle = (below + above) / 2n
    const entry = await firstIndexEntry(store, state, (middle < 0n ? 0n : middle) * intervalNs)
    if (entry === undefined) {
      above = middle
    } else if (entry.lastSequence < sequence) {
      below = entry.lastId / intervalNs
      low = { id: entry.lastId, sequence: entry.lastSequence }
    } else {
      above = middle
      if (entry.lastSequence < high.sequence) {
        high = { id: entry.lastId, sequence: entry.lastSequence }
      }
    }
  }
  return { low, high }
}

/** Guesses by interpolation, every second time by halving, so that uneven times do no harm. */
async function idWithin(
  store: Store,
  state: TopicState,
  low: Bound,
  high: Bound,
  sequence: number,
): Promise<bigint> {
  const { lt } = within(state.eventsPrefix)
  for (let round = 0; ; round++) {
    const width = high.id - low.id
    const share = (sequence - low.sequence) / (high.sequence - low.sequence)
    const step =
      round % 2 === 0 && Number.isFinite(share)
        ? (width * BigInt(Math.floor(share * 1_000_000))) / 1_000_000n
        : width / 2n
    const guess = low.id + (step > 0n ? step : 1n)
    const found = await store.first({ gte: state.eventKey(guess), lt })
    if (found === undefined) {
      high = { id: guess - 1n, sequence: high.sequence }
      if (high.id <= low.id) return low.id + 1n
      continue
    }
    const block = decodeBlock(state.topic, ...found)
    if (block.lastSequence < sequence) {
      low = { id: block.lastId, sequence: block.lastSequence }
    } else if (block.firstSequence <= sequence) {
      return block.firstId + BigInt(sequence - block.firstSequence)
    } else {
      high = { id: guess - 1n, sequence: block.firstSequence - 1 }
    }
    // Nothing is left between the bounds: the event is missing, the next one is the nearest.
    if (high.id <= low.id) return low.id + 1n
  }
}

async function firstIndexEntry(
  store: Store,
  state: TopicState,
  start: bigint,
): Promise<IndexEntry | undefined> {
  const { lt } = within(state.indexPrefix)
  const found = await store.first({ gte: state.indexKey(start), lt })
  return found && readIndexEntry(state, ...found)
}

/** The last entry of an interval that starts before `start`. */
export async function indexEntryBefore(
  store: Store,
  state: TopicState,
  start: bigint,
): Promise<IndexEntry | undefined> {
  const { gte } = within(state.indexPrefix)
  const found = await store.first({ gte, lt: state.indexKey(start) }, { reverse: true })
  return found && readIndexEntry(state, ...found)
}

export function readIndexEntry(state: TopicState, key: Uint8Array, value: Uint8Array): IndexEntry {
  return reading('index', key, state.topic, () => decodeIndexEntry(value))
}
