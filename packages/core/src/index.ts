export { EventLog } from './event-log.js'
export {
  ArgumentError,
  GoetheError,
  assert,
  errorCodes,
  isGoetheError,
  unreachable,
} from './errors.js'
export { LogEvent } from './log-event.js'
export { systemClock } from './clock.js'
export type { Clock } from './clock.js'
export type { Commit } from './committer.js'
export type { BlockRange } from './block-range.js'
export type { Consumer, OwnDelivery } from './consumer.js'
export type { Cursor } from './cursor.js'
export type { OwnCursorsOptions } from './cursor-list.js'
export type { BatchOperation, CursorCommitOptions, OwnCursorOptions } from './cursor-options.js'
export type { Database } from './database.js'
export type { GoetheErrorCode, GoetheErrorDetails, GoetheErrorOptions } from './errors.js'
export type { Interval } from './interval.js'
export type { LogEventMap } from './log-events.js'
export type { LogStatus } from './log-status.js'
export type { EventLogOptions } from './options.js'
export type { Reader } from './reader.js'
export type { AbortSignalLike } from './abort-signal.js'
export type { EventLogApi } from './api.js'
export type {
  AppendAllOptions,
  AppendConditions,
  AppendEntry,
  AppendOptions,
  Durability,
  Expectation,
  ProducerSequence,
  Receipt,
} from './append-api.js'
export type { ConsumerApi, ConsumerOptions, Delivery, NackOptions } from './consumer-api.js'
export type {
  CursorApi,
  CursorDescription,
  CursorOptions,
  CursorPosition,
  CursorReadOptions,
  CursorsOptions,
  EventReference,
} from './cursor-api.js'
export type {
  Consistency,
  ConsistencyOptions,
  EventReader,
  Position,
  ReadOptions,
  SeekOptions,
  TopicSelector,
} from './read-api.js'
export type {
  EventPlace,
  HistogramBucket,
  HistogramOptions,
  Retention,
  TopicDescription,
  TopicsOptions,
  TrimOptions,
  TrimResult,
} from './topic-api.js'
export type {
  ByteSink,
  ByteSinkWriter,
  ExportOptions,
  ImportOptions,
  TransferProgress,
  TransferResult,
  VerifyOptions,
  VerifyStep,
} from './upkeep-api.js'
