export { create } from '@bufbuild/protobuf'
export { type StreamedAppend, appendRequestSize } from './append-codec.js'
export {
  type ClusterMember,
  type ClusterStatus,
  clusterFromMessage,
  clusterToMessage,
} from './cluster-status.js'
export type { ConsumeCommand, ConsumeReport, SentDelivery, Settlement } from './consume-codec.js'
export {
  bucketFromMessage,
  bucketToMessage,
  consistencyFromMessage,
  consistencyToMessage,
  cursorFromMessage,
  cursorPositionFromMessage,
  cursorPositionToMessage,
  cursorToMessage,
  durabilityFromMessage,
  durabilityToMessage,
  eventFromMessage,
  eventToMessage,
  expectationFromMessage,
  expectationToMessage,
  idOf,
  nearestFromMessage,
  nearestToMessage,
  positionFromMessage,
  positionToMessage,
  progressFromMessage,
  progressToMessage,
  receiptFromMessage,
  receiptToMessage,
  retentionFromMessage,
  retentionToMessage,
  selectorFromMessage,
  selectorToMessage,
  topicFromMessage,
  topicToMessage,
  trimFromMessage,
  trimToMessage,
  verifyFromMessage,
  verifyToMessage,
} from './convert.js'
export { fileDescriptors } from './file-descriptors.js'
export {
  decodeError,
  detailsTrailer,
  encodeErrorDetails,
  errorFromMessage,
  errorToMessage,
  goetheError,
} from './error-details.js'
export {
  codeOfStatus,
  grpcStatus,
  grpcStatusOf,
  httpStatusOf,
  isErrorCode,
} from './error-status.js'
export type { AppendOutcome, StreamedReceipt } from './outcome-codec.js'
export type { ReadMessage } from './read-codec.js'
export type { Codec, Method } from './service.js'
export { clusterMethods, eventLogMethods, legacyMethods, messageCodec } from './service.js'
export * as messages from './messages.js'
