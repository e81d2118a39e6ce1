import type { Receipt } from './append-api.js'
import type { TrimResult } from './topic-api.js'
import type { Commit } from './committer.js'
import type { GoetheError } from './errors.js'
import type { LogEvent } from './log-event.js'

/** What an EventLog emits. A type, not an interface: typed-emitter asks for an index signature. */
export type LogEventMap = {
  /** Events were appended and can be read. */
  append: (receipt: Receipt) => void
  /** A group of appends was written. */
  commit: (commit: Commit) => void
  /** The oldest events of a topic were removed, by trim or retention. */
  trim: (trimmed: TrimResult & { topic: string }) => void
  /** A topic was deleted. */
  delete: (topic: string) => void
  /** The clock is behind the log's last id by more than `clockBehindMs`; ids do not follow it. */
  clock: (clock: { behindMs: number }) => void
  /** An event's attempts were used up and it was appended to the dead-letter topic. */
  deadLetter: (dead: {
    event: LogEvent
    consumer: string
    deadLetter: string
    attempts: number
  }) => void
  /** The log takes no more appends, or its upkeep failed. */
  error: (error: GoetheError) => void
  close: () => void
}
