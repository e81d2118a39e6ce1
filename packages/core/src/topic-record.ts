import type { Retention } from './topic-api.js'
import { RecordReader, RecordWriter } from './record.js'

/** What is stored of a topic beside its events. */
export interface TopicRecord {
  /** The id of the topic's first event ever. */
  createdId: bigint
  retention: Retention | null
  trimmed: Trimmed
}

/** What is gone from the start of a topic. */
export interface Trimmed {
  /** Events up to this id are gone, even where their block is still there. */
  id: bigint
  /** The sequence of the last event that is gone. */
  sequence: number
  /** Payload bytes of the blocks that were removed. */
  bytes: number
}

export const nothingTrimmed: Trimmed = { id: 0n, sequence: 0, bytes: 0 }

/** The value of a `topics` entry. Retention bounds are stored plus one, 0 meaning none. */
export function encodeTopicRecord(record: TopicRecord): Uint8Array {
  const { createdId, retention, trimmed } = record
  const bound = (value: number | undefined): number => (value === undefined ? 0 : value + 1)
  return new RecordWriter()
    .id(createdId)
    .id(trimmed.id)
    .number(trimmed.sequence)
    .number(trimmed.bytes)
    .number(bound(retention?.ageMs))
    .number(bound(retention?.bytes))
    .number(bound(retention?.count))
    .seal()
}

/** Throws RecordError where the bytes are not what was written. */
export function decodeTopicRecord(bytes: Uint8Array): TopicRecord {
  const reader = new RecordReader(bytes)
  const createdId = reader.id()
  const trimmed = { id: reader.id(), sequence: reader.number(), bytes: reader.number() }
  const [ageMs, maxBytes, count] = [reader.number(), reader.number(), reader.number()]
  const retention: Retention = {
    ...(ageMs > 0 && { ageMs: ageMs - 1 }),
    ...(maxBytes > 0 && { bytes: maxBytes - 1 }),
    ...(count > 0 && { count: count - 1 }),
  }
  return { createdId, trimmed, retention: Object.keys(retention).length > 0 ? retention : null }
}
