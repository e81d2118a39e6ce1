/** Between the contract's values and the messages that carry them. */
import { create } from '@bufbuild/protobuf'
import type {
  Consistency,
  CursorDescription,
  CursorPosition,
  Durability,
  EventPlace,
  Expectation,
  HistogramBucket,
  Position,
  Receipt,
  Retention,
  SeekOptions,
  TopicDescription,
  TopicSelector,
  TransferProgress,
  TrimResult,
  VerifyStep,
} from '@goethe/core'
import { GoetheError, LogEvent } from '@goethe/core'
import { dateOf, nanoseconds } from '@goethe/core/contract'
import {
  type DescribeTopicResponse,
  DescribeTopicResponseSchema,
  type EventPlace as EventPlaceMessage,
  EventPlaceSchema,
  type HistogramBucket as HistogramBucketMessage,
  HistogramBucketSchema,
  type Retention as RetentionMessage,
  RetentionSchema,
  type TrimTopicResponse,
  TrimTopicResponseSchema,
  type VerifyResponse,
  VerifyResponseSchema,
} from './gen/goethe/v1/administration_pb.js'
import {
  Durability as DurabilityMessage,
  type Expectation as ExpectationMessage,
  ExpectationSchema,
  type Receipt as ReceiptMessage,
  ReceiptSchema,
} from './gen/goethe/v1/append_pb.js'
import {
  type CursorDescription as CursorDescriptionMessage,
  CursorDescriptionSchema,
  type CursorPosition as CursorPositionMessage,
  CursorPositionSchema,
} from './gen/goethe/v1/cursors_pb.js'
import {
  Consistency as ConsistencyMessage,
  Edge,
  type Event as EventMessage,
  EventSchema,
  Nearest,
  type Position as PositionMessage,
  PositionSchema,
  type Selector as SelectorMessage,
  SelectorSchema,
} from './gen/goethe/v1/read_pb.js'
import {
  type TransferProgress as TransferProgressMessage,
  TransferProgressSchema,
} from './gen/goethe/v1/transfer_pb.js'

export function positionToMessage(position: Position): PositionMessage {
  return create(PositionSchema, { at: positionAt(position) })
}

function positionAt(position: Position): PositionMessage['at'] {
  if (position === 'start') return { case: 'edge', value: Edge.START }
  if (position === 'end') return { case: 'edge', value: Edge.END }
  if (typeof position === 'bigint') return { case: 'id', value: position }
  if (typeof position === 'number') return { case: 'sequence', value: BigInt(position) }
  // What lies before 1970 is before all events, as 1970 itself.
  if (position instanceof Date) return { case: 'id', value: idOf(position) }
  if ('after' in position) return { case: 'after', value: position.after }
  return { case: 'cursor', value: position.cursor }
}

/** Undefined where the message says nothing. */
export function positionFromMessage(message: PositionMessage | undefined): Position | undefined {
  const at = message?.at
  switch (at?.case) {
    case 'edge':
      return at.value === Edge.START ? 'start' : at.value === Edge.END ? 'end' : undefined
    case 'id':
      return at.value
    case 'sequence':
      return Number(at.value)
    case 'after':
      return { after: at.value }
    case 'cursor':
      return { cursor: at.value }
    case undefined:
      return undefined
  }
}

/** The id of a time, within the ids that there can be. */
export function idOf(time: Date | bigint): bigint {
  const id = typeof time === 'bigint' ? time : nanoseconds(time)
  if (id < 0n) return 0n
  return id < 2n ** 64n - 1n ? id : 2n ** 64n - 2n
}

export function selectorToMessage(selector: TopicSelector): SelectorMessage {
  return create(SelectorSchema, {
    topics:
      selector === '*'
        ? { case: 'prefix', value: '' }
        : typeof selector === 'string'
          ? { case: 'topic', value: selector }
          : { case: 'prefix', value: selector.prefix },
  })
}

/** Undefined where the message says nothing. */
export function selectorFromMessage(
  message: SelectorMessage | undefined,
): TopicSelector | undefined {
  const topics = message?.topics
  if (topics?.case === 'topic') return topics.value
  if (topics?.case === 'prefix') return topics.value === '' ? '*' : { prefix: topics.value }
  return undefined
}

const nearestNames = { next: Nearest.NEXT, previous: Nearest.PREVIOUS, closest: Nearest.CLOSEST }

export function nearestToMessage(nearest: SeekOptions['nearest'] = 'next'): Nearest {
  return nearestNames[nearest]
}

/** What is not known means 'next'. */
export function nearestFromMessage(message: Nearest): NonNullable<SeekOptions['nearest']> {
  if (message === Nearest.PREVIOUS) return 'previous'
  return message === Nearest.CLOSEST ? 'closest' : 'next'
}

export function consistencyToMessage(consistency: Consistency = 'local'): ConsistencyMessage {
  return consistency === 'local' ? ConsistencyMessage.LOCAL : ConsistencyMessage.LINEARIZABLE
}

/**
 * Throws GOETHE_INVALID_ARGUMENT for one that this version does not know: it is a promise that could
 * not be kept.
 */
export function consistencyFromMessage(message: ConsistencyMessage): Consistency {
  switch (message) {
    case ConsistencyMessage.UNSPECIFIED:
    case ConsistencyMessage.LOCAL:
      return 'local'
    case ConsistencyMessage.LINEARIZABLE:
      return 'linearizable'
    default:
      throw new GoetheError(
        'GOETHE_INVALID_ARGUMENT',
        `There is no consistency ${String(message)}; this version knows LOCAL (1) and LINEARIZABLE (2)`,
      )
  }
}

const durabilities: Record<Durability, DurabilityMessage> = {
  memory: DurabilityMessage.MEMORY,
  os: DurabilityMessage.OS,
  fsync: DurabilityMessage.FSYNC,
}

export function durabilityToMessage(durability: Durability): DurabilityMessage {
  return durabilities[durability]
}

/** What is not known is the weakest. */
export function durabilityFromMessage(message: DurabilityMessage): Durability {
  if (message === DurabilityMessage.FSYNC) return 'fsync'
  return message === DurabilityMessage.OS ? 'os' : 'memory'
}

export function expectationToMessage(expect: Expectation): ExpectationMessage {
  return create(ExpectationSchema, {
    topic:
      expect === 'empty'
        ? { case: 'empty', value: true }
        : typeof expect === 'bigint'
          ? { case: 'lastId', value: expect }
          : { case: 'lastSequence', value: BigInt(expect) },
  })
}

/** Undefined where the message says nothing. */
export function expectationFromMessage(
  message: ExpectationMessage | undefined,
): Expectation | undefined {
  const topic = message?.topic
  if (topic?.case === 'empty') return topic.value ? 'empty' : undefined
  if (topic?.case === 'lastId') return topic.value
  if (topic?.case === 'lastSequence') return Number(topic.value)
  return undefined
}

export function receiptToMessage(receipt: Receipt): ReceiptMessage {
  const { topic, firstId, firstSequence, count, durability, repeated } = receipt
  return create(ReceiptSchema, {
    topic,
    firstId,
    firstSequence: BigInt(firstSequence),
    count,
    durability: durabilityToMessage(durability),
    repeated,
  })
}

export function receiptFromMessage(message: ReceiptMessage): Receipt {
  const { topic, firstId, count, repeated } = message
  const firstSequence = Number(message.firstSequence)
  return {
    topic,
    firstId,
    lastId: firstId + BigInt(count) - 1n,
    firstSequence,
    lastSequence: firstSequence + count - 1,
    count,
    durability: durabilityFromMessage(message.durability),
    repeated,
  }
}

export function eventToMessage({ topic, id, sequence, payload }: LogEvent): EventMessage {
  return create(EventSchema, { topic, id, sequence: BigInt(sequence), payload })
}

export function eventFromMessage({ topic, id, sequence, payload }: EventMessage): LogEvent {
  return new LogEvent(id, Number(sequence), topic, payload)
}

export function cursorPositionToMessage(position: CursorPosition): CursorPositionMessage {
  return create(CursorPositionSchema, {
    id: position.id,
    sequence: BigInt(position.sequence),
    updatedAtMs: BigInt(position.updatedAt.getTime()),
  })
}

export function cursorPositionFromMessage(message: CursorPositionMessage): CursorPosition {
  return {
    id: message.id,
    sequence: Number(message.sequence),
    updatedAt: new Date(Number(message.updatedAtMs)),
  }
}

export function cursorToMessage(cursor: CursorDescription): CursorDescriptionMessage {
  const { topic, consumer, lag, hold, acknowledgedAhead } = cursor
  return create(CursorDescriptionSchema, {
    topic,
    consumer,
    hold,
    position: cursorPositionToMessage(cursor),
    lag: BigInt(lag),
    acknowledgedAhead: BigInt(acknowledgedAhead),
  })
}

export function cursorFromMessage(message: CursorDescriptionMessage): CursorDescription {
  const { topic, consumer, position, lag, hold, acknowledgedAhead } = message
  return {
    ...cursorPositionFromMessage(position ?? create(CursorPositionSchema)),
    topic,
    consumer,
    hold,
    lag: Number(lag),
    acknowledgedAhead: Number(acknowledgedAhead),
  }
}

export function retentionToMessage(retention: Retention | null): RetentionMessage | undefined {
  if (retention === null) return undefined
  const { ageMs, bytes, count } = retention
  return create(RetentionSchema, {
    ...(ageMs !== undefined && { ageMs: BigInt(ageMs) }),
    ...(bytes !== undefined && { bytes: BigInt(bytes) }),
    ...(count !== undefined && { count: BigInt(count) }),
  })
}

export function retentionFromMessage(message: RetentionMessage | undefined): Retention | null {
  if (message === undefined) return null
  const { ageMs, bytes, count } = message
  return {
    ...(ageMs !== undefined && { ageMs: Number(ageMs) }),
    ...(bytes !== undefined && { bytes: Number(bytes) }),
    ...(count !== undefined && { count: Number(count) }),
  }
}

export function topicToMessage(description: TopicDescription): DescribeTopicResponse {
  const { topic, createdAt, first, last, count, bytes, retention } = description
  const kept = retentionToMessage(retention)
  return create(DescribeTopicResponseSchema, {
    topic,
    createdAtMs: BigInt(createdAt.getTime()),
    ...(first !== undefined && { first: placeToMessage(first) }),
    last: placeToMessage(last),
    count: BigInt(count),
    bytes: BigInt(bytes),
    ...(kept !== undefined && { retention: kept }),
  })
}

export function topicFromMessage(message: DescribeTopicResponse): TopicDescription {
  const { topic, createdAtMs, first, last, count, bytes, retention } = message
  return {
    topic,
    createdAt: new Date(Number(createdAtMs)),
    first: first === undefined ? undefined : placeFromMessage(first),
    last: placeFromMessage(last ?? create(EventPlaceSchema)),
    count: Number(count),
    bytes: Number(bytes),
    retention: retentionFromMessage(retention),
  }
}

function placeToMessage({ id, sequence }: EventPlace): EventPlaceMessage {
  return create(EventPlaceSchema, { id, sequence: BigInt(sequence) })
}

function placeFromMessage({ id, sequence }: EventPlaceMessage): EventPlace {
  return { id, sequence: Number(sequence), time: dateOf(id) }
}

export function bucketToMessage({ start, count, bytes }: HistogramBucket): HistogramBucketMessage {
  return create(HistogramBucketSchema, {
    startMs: BigInt(start.getTime()),
    count: BigInt(count),
    bytes: BigInt(bytes),
  })
}

export function bucketFromMessage(message: HistogramBucketMessage): HistogramBucket {
  const { startMs, count, bytes } = message
  return { start: new Date(Number(startMs)), count: Number(count), bytes: Number(bytes) }
}

export function trimToMessage({ count, throughSequence, heldBy }: TrimResult): TrimTopicResponse {
  return create(TrimTopicResponseSchema, {
    count: BigInt(count),
    throughSequence: BigInt(throughSequence),
    heldBy: heldBy ?? '',
  })
}

export function trimFromMessage(message: TrimTopicResponse): TrimResult {
  return {
    count: Number(message.count),
    throughSequence: Number(message.throughSequence),
    heldBy: message.heldBy === '' ? undefined : message.heldBy,
  }
}

export function verifyToMessage(step: VerifyStep): VerifyResponse {
  if (step.type === 'progress') {
    const { phase, checked } = step
    const value = { phase, checked: BigInt(checked) }
    return create(VerifyResponseSchema, { step: { case: 'progress', value } })
  }
  const { keyspace, topic, key, message } = step
  const value = { keyspace, key, message, ...(topic !== undefined && { topic }) }
  return create(VerifyResponseSchema, { step: { case: 'problem', value } })
}

/** Undefined for a step of a later version. */
export function verifyFromMessage({ step }: VerifyResponse): VerifyStep | undefined {
  if (step.case === 'progress') {
    const { phase, checked } = step.value
    type Phase = Extract<VerifyStep, { type: 'progress' }>['phase']
    return { type: 'progress', phase: phase as Phase, checked: Number(checked) }
  }
  if (step.case !== 'problem') return undefined
  const { keyspace, topic, key, message } = step.value
  type Keyspace = Extract<VerifyStep, { type: 'problem' }>['keyspace']
  return { type: 'problem', keyspace: keyspace as Keyspace, topic, key, message }
}

export function progressToMessage(progress: TransferProgress): TransferProgressMessage {
  const { events, bytes, lastId } = progress
  return create(TransferProgressSchema, { events: BigInt(events), bytes: BigInt(bytes), lastId })
}

export function progressFromMessage(message: TransferProgressMessage): TransferProgress {
  const { events, bytes, lastId } = message
  return { events: Number(events), bytes: Number(bytes), lastId }
}
