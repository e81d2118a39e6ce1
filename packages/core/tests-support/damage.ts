import type { LogEvent } from '../src/index.js'

/** What damage to the files of a database leads to. */
export type Outcome =
  /** The log does not open, and says why. */
  | 'refused'
  /** A read fails with GOETHE_CORRUPT. */
  | 'read error'
  /** Reads succeed, and verify() finds it. */
  | 'verify'
  /** LevelDB ends the process. */
  | 'aborted'
  /** All is there. */
  | 'harmless'
  /** The last commits are gone, and nothing tells. */
  | 'lost end'
  /** Others are gone, and nothing tells. */
  | 'lost silently'

/** What was appended to a database before it was damaged. */
export interface Original {
  path: string
  topics: readonly string[]
  /** Names and payloads in hexadecimal, in the order of the log. */
  events: (readonly [name: string, payload: string])[]
}

export function nameOf({ topic, id, sequence }: LogEvent): string {
  return `${topic} ${id} ${sequence}`
}
