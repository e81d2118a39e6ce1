import type { AbortSignalLike } from './abort-signal.js'
import type { ConsistencyOptions, EventReader, Position } from './read-api.js'

/** An event, or what identifies it. */
export interface EventReference {
  readonly id: bigint
  readonly sequence: number
}

export interface CursorOptions {
  /** Keeps trim and retention from removing what this cursor has not passed. Default: unchanged. */
  hold?: boolean | undefined
}

export interface CursorReadOptions {
  /** Moves the cursor here first. Default: on behind the committed position, or from the start. */
  from?: Position | undefined
  /** At most so many events. Default: no limit. */
  limit?: number | undefined
  /** At the end, wait for what is appended next. Default: false. */
  follow?: boolean | undefined
  /** Ends the read with GOETHE_ABORTED, also while it waits. */
  signal?: AbortSignalLike | undefined
}

/** Where a consumer stands. */
export interface CursorPosition {
  /** The id of the last event that was handled; 0n before the first. */
  id: bigint
  /** Its sequence; 0 before the first. */
  sequence: number
  /** When it was committed last. */
  updatedAt: Date
}

/**
 * The named position of a consumer in a topic. Reading or committing takes the cursor over; a
 * commit by whoever had it before then rejects with GOETHE_FENCED. What changes the cursor rejects
 * as `append` does where nothing can be written.
 */
export interface CursorApi {
  readonly topic: string
  readonly consumer: string
  /**
   * Reads on behind the committed position, or from the topic's start when there is none. With
   * `from` the cursor is first moved there. Takes the cursor over each time that it is iterated.
   */
  read(options?: CursorReadOptions): EventReader
  /**
   * Notes that all events up to and including this one are handled. Resolves when that is stored;
   * repeating the last commit does too. Rejects with GOETHE_FENCED when somebody else took the cursor
   * over, GOETHE_ALREADY_COMMITTED when it stands behind this event, GOETHE_EVENT_NOT_FOUND for what
   * is no event of the topic.
   */
  commit(event: EventReference): Promise<void>
  /**
   * Moves the cursor so that the next event read is the nearest at or after the position. Readers
   * that were using it are fenced off; consumers of this name go on from there.
   */
  seek(position: Exclude<Position, { cursor: string }>): Promise<void>
  /** Events of the topic that are not handled yet. */
  lag(options?: ConsistencyOptions): Promise<number>
  /** The committed position, or undefined when nothing was committed yet. */
  position(options?: ConsistencyOptions): Promise<CursorPosition | undefined>
  /** Forgets the cursor; whoever had it is fenced off. Does nothing where there is none. */
  delete(): Promise<void>
}

export interface CursorsOptions {
  /** Only of this topic. */
  topic?: string | undefined
  /** At most so many, 1 to 10,000. Default: 1,000. */
  limit?: number | undefined
  /** The last one of the page before. Default: none, for the first page. */
  after?: { readonly topic: string; readonly consumer: string } | undefined
}

export interface CursorDescription extends CursorPosition {
  topic: string
  consumer: string
  /** Events of the topic that are not handled yet. */
  lag: number
  /** Whether it keeps trim and retention from removing what it has not passed. */
  hold: boolean
  /** Events acknowledged ahead of the committed position. */
  acknowledgedAhead: number
}
