import { RecordReader, RecordWriter } from './record.js'

/** The value of an `index` entry: the last event of a topic's interval. */
export interface IndexEntry {
  lastId: bigint
  lastSequence: number
  /** Payload bytes of the topic from its first event ever to this one. */
  bytes: number
}

export function encodeIndexEntry(entry: IndexEntry): Uint8Array {
  return new RecordWriter().id(entry.lastId).number(entry.lastSequence).number(entry.bytes).seal()
}

/** Throws RecordError where the bytes are not what was written. */
export function decodeIndexEntry(bytes: Uint8Array): IndexEntry {
  const reader = new RecordReader(bytes)
  return { lastId: reader.id(), lastSequence: reader.number(), bytes: reader.number() }
}

/** The start of the interval that an id or a time lies in. */
export function intervalStart(id: bigint, intervalNs: bigint): bigint {
  return id - (id % intervalNs)
}
