/**
 * Which entries of the segments count, and where they lie. Segments are only ever appended to, so a
 * truncation leaves what it drops where it is; here it is forgotten.
 */
import { EpochHistory } from '../replica/epoch-history.js'
import { JournalSizes } from '../replica/journal-sizes.js'
import type { Position } from '../replica/position.js'
import type { StoredEntry } from './stored-entry.js'

/** How exactly the sizes of entries are remembered. */
const sizeStepBytes = 1024 * 1024

/** How far apart, in bytes, the places are that are remembered. */
const pointDistanceBytes = 64 * 1024

interface Point {
  readonly lsn: number
  readonly offset: number
}

/** Consecutive entries in one segment without a restart between them. */
interface Run {
  readonly segment: number
  readonly firstLsn: number
  lastLsn: number
  /** Some groups of the run, in order; the first is where the run begins. */
  readonly points: Point[]
  /** Where its last group ends. */
  end: number
}

/** Where entries lie: whole groups of one segment, one behind the other. */
export interface EntriesPlace {
  readonly segment: number
  readonly from: number
  readonly to: number
  /** The last entry there that counts: what was dropped lies behind it. */
  readonly lastLsn: number
}

export class LiveEntries {
  /** How large the operations are. */
  readonly sizes = new JournalSizes(sizeStepBytes)
  #runs: Run[] = []
  #epochs: EpochHistory
  /** True until a group was added behind the last restart. */
  #fresh = true

  /** `base` stands before the first entry. */
  constructor(base: Position) {
    this.#epochs = new EpochHistory(base)
  }

  get epochs(): EpochHistory {
    return this.#epochs
  }

  get last(): Position {
    return this.#epochs.last
  }

  /** Takes up a group, which lies there, and whose entries follow the last one. */
  add(segment: number, offset: number, end: number, entries: readonly StoredEntry[]): void {
    const first = entries[0]!.lsn
    const last = first + entries.length - 1
    const run = this.#runs.at(-1)
    if (run === undefined || this.#fresh || run.segment !== segment) {
      const points = [{ lsn: first, offset }]
      this.#runs.push({ segment, firstLsn: first, lastLsn: last, points, end })
      this.#fresh = false
    } else {
      run.lastLsn = last
      run.end = end
      if (offset - run.points.at(-1)!.offset >= pointDistanceBytes) {
        run.points.push({ lsn: first, offset })
      }
    }
    for (const entry of entries) {
      this.#epochs.append(entry)
      this.sizes.append(entry.lsn, entry.operations.length)
    }
  }

  /** Forgets what is behind this place; the next entry is the one that follows it. */
  restart(place: Position): void {
    const { lsn } = place
    this.#fresh = true
    const isHere = lsn >= this.#epochs.base.lsn && lsn <= this.last.lsn
    // What was here under this number may be another entry, that nobody committed.
    if (!isHere || this.#epochs.epochAt(lsn) !== place.epoch) {
      this.#runs = []
      this.#epochs = new EpochHistory(place)
      this.sizes.restart()
      return
    }
    this.#runs = this.#runs.filter(({ firstLsn }) => firstLsn <= lsn)
    const run = this.#runs.at(-1)
    if (run !== undefined) run.lastLsn = Math.min(run.lastLsn, lsn)
    this.#epochs.truncate(lsn)
    this.sizes.truncate(lsn)
  }

  /** True when no entry from `lsn` on lies in the segment. */
  isBelow(segment: number, lsn: number): boolean {
    return this.#runs.every((run) => run.segment !== segment || run.lastLsn < lsn)
  }

  /** Forgets the entries of a segment, which are the first ones. */
  dropSegment(segment: number): void {
    const lsn = this.#runs.findLast((run) => run.segment === segment)?.lastLsn
    if (lsn === undefined) return
    this.#runs = this.#runs.filter((run) => run.segment !== segment)
    this.#epochs.trim(lsn)
    this.sizes.trim(lsn)
  }

  /** Where this entry lies, with others behind it up to about `bytesMax` bytes. */
  find(lsn: number, bytesMax: number): EntriesPlace | undefined {
    const run = this.#runs.find(({ firstLsn, lastLsn }) => firstLsn <= lsn && lsn <= lastLsn)
    if (run === undefined) return undefined
    const { segment, points, end, lastLsn } = run
    const first = points.findLastIndex((point) => point.lsn <= lsn)
    const from = points[first]!.offset
    let next = first + 1
    while (next < points.length && (points[next + 1]?.offset ?? end) - from <= bytesMax) next++
    return { segment, from, to: points[next]?.offset ?? end, lastLsn }
  }
}
