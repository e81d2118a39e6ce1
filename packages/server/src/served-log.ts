import type {
  BlockRange,
  ConsumerApi,
  ConsumerOptions,
  CursorApi,
  CursorDescription,
  CursorOptions,
  EventLogApi,
  EventReader,
  EventReference,
  LogStatus,
  OwnCursorsOptions,
  OwnDelivery,
  Position,
  ReadOptions,
  TopicSelector,
} from '@goethe/core'

/**
 * The log as the services see it: the contract, and what only a log in this process has. All
 * services work on one of these; which one decides what their caller may do.
 */
export interface ServedLog extends EventLogApi {
  readonly id: string
  status(): LogStatus
  /** As that of EventLog: what linearizable reads wait for. */
  confirm(): Promise<void>
  read(topics: TopicSelector, options?: ReadOptions): BlockReader
  cursor(topic: string, consumer: string, options?: ServedCursorOptions): ServedCursor
  consumer(topic: string, consumer: string, options?: ConsumerOptions): ServedConsumer
  cursors(options?: OwnCursorsOptions): Promise<CursorDescription[]>
}

/** A reader that also hands out stored blocks as they are. */
export interface BlockReader extends EventReader {
  blocks(): AsyncIterableIterator<BlockRange[]>
}

export interface ServedCursorOptions extends CursorOptions {
  /** Goes on under a session that `begin`, `commit` or `seek` gave before. */
  session?: number | undefined
}

/** A cursor whose owner is somewhere else and is known by its session. */
export interface ServedCursor extends CursorApi {
  /** The session under which this object owns the cursor, once it does. */
  readonly session: number | undefined
  /** Takes the cursor over, as reading does; gives the event behind which reading goes on. */
  begin(from?: Position): Promise<EventReference>
}

/** A consumer whose deliveries can also be given back untouched. */
export interface ServedConsumer extends ConsumerApi {
  [Symbol.asyncIterator](): AsyncIterableIterator<OwnDelivery>
  /** The next deliveries, at least one and as many as are there at once; none once it is closed. */
  take(countMax: number): Promise<OwnDelivery[]>
}
