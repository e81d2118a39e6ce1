/**
 * For packages that implement or serve `EventLogApi` themselves: stored blocks, readers over any
 * source of them, and the checks of arguments, so that wrong ones are refused alike everywhere.
 */
export type { AppendPart } from './append-part.js'
export { checkAppend, checkAppendAll } from './append-validator.js'
export { checkBoolean, checkNumber, checkOptions, checkSignal } from './arguments.js'
export { backoffMs } from './backoff.js'
export { Block, BlockError } from './block.js'
export { BlockRange } from './block-range.js'
export { dateOf, nanoseconds } from './clock.js'
export { checkConsistencyOptions } from './consistency.js'
export { checkConsumerOptions } from './consumer-options.js'
export { checkCursors } from './cursor-list.js'
export { checkCursor, checkReference } from './cursor-options.js'
export { dateOfText } from './date-text.js'
export { durationMsOfText, durationUnitsMs } from './duration-text.js'
export { abortedError, assert, unreachable } from './errors.js'
export { type Output, checkExport, outputOf } from './export-log.js'
export { checkImport } from './import-log.js'
export { type Interval, intervalMs } from './interval.js'
export { describeValue, nameBytes } from './names.js'
export { NumberMap } from './number-map.js'
export {
  type CheckedPosition,
  type CheckedSelector,
  checkIdOrTime,
  checkPosition,
  checkSelector,
} from './position.js'
export { type ParsedText, eventIdOfText, idOrTimeOfText, positionOfText } from './position-text.js'
export { type CheckedRead, checkLimit, checkRead, checkSeek } from './read-options.js'
export { Reader, type OpenSource, type RangeSource, type ReaderBounds } from './reader.js'
export { checkRetention } from './retention.js'
export { checkTopics } from './topic-catalog.js'
