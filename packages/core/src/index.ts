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
export type {
  AbortSignalLike,
  AppendAllOptions,
  AppendConditions,
  AppendEntry,
  AppendOptions,
  ByteSink,
  ByteSinkWriter,
  Consistency,
  ConsistencyOptions,
  ConsumerApi,
  ConsumerOptions,
  CursorApi,
  CursorDescription,
  CursorOptions,
  CursorPosition,
  CursorReadOptions,
  CursorsOptions,
  Delivery,
  Durability,
  EventLogApi,
  EventPlace,
  EventReader,
  EventReference,
  Expectation,
  ExportOptions,
  HistogramBucket,
  HistogramOptions,
  ImportOptions,
  NackOptions,
  Position,
  ProducerSequence,
  ReadOptions,
  Receipt,
  Retention,
  SeekOptions,
  TopicDescription,
  TopicSelector,
  TopicsOptions,
  TransferProgress,
  TransferResult,
  TrimOptions,
  TrimResult,
  VerifyOptions,
  VerifyStep,
} from './api.js'
