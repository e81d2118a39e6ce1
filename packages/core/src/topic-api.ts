import type { Interval } from './interval.js'

export interface TopicsOptions {
  /** Only names that start so. Default: all. */
  prefix?: string | undefined
  /** The last name of the page before. Default: none, for the first page. */
  after?: string | undefined
  /** Names in one page, 1 to 10,000. Default: 1,000. */
  limit?: number | undefined
}

/** An event's place, without its payload. */
export interface EventPlace {
  id: bigint
  sequence: number
  time: Date
}

export interface TopicDescription {
  topic: string
  /** The time of the first event ever appended. */
  createdAt: Date
  /** The first event that is still there; undefined when all were trimmed. */
  first: EventPlace | undefined
  /** The last event ever appended. */
  last: EventPlace
  /** Events that are still there. */
  count: number
  /** Payload bytes of the events that are still there, to the accuracy of a block. */
  bytes: number
  /** What it keeps; null when that is all. */
  retention: Retention | null
}

/** What a topic keeps, by one bound at least; the oldest events beyond any are trimmed. */
export interface Retention {
  /** Keep events younger than so many milliseconds. */
  ageMs?: number | undefined
  /** Keep about so many of the newest bytes of payload. */
  bytes?: number | undefined
  /** Keep so many of the newest events. */
  count?: number | undefined
}

export interface HistogramOptions {
  /** From the interval that holds this time. Default: the first event. */
  from?: Date | bigint | undefined
  /** Up to and without the interval that starts at or after this time. Default: the last event. */
  to?: Date | bigint | undefined
  /** Width of a bucket, in UTC; a multiple of the index interval. Default: the index interval. */
  interval?: Interval | 'month' | 'year' | undefined
}

/** A bucket that has events; empty ones are left out. */
export interface HistogramBucket {
  start: Date
  /** Events. */
  count: number
  /** Bytes of payload. */
  bytes: number
}

export interface TrimOptions {
  /** Remove the events before this id (bigint), sequence (number) or time. */
  before: bigint | number | Date
}

export interface TrimResult {
  /** Events removed. */
  count: number
  /** The last sequence that is gone; 0 when none is. */
  throughSequence: number
  /** The consumer whose holding cursor kept events from being removed. */
  heldBy: string | undefined
}
