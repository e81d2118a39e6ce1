import { RecordReader, RecordWriter } from './record.js'

/** Names a block: its topic and the id of its last event. */
export interface BlockName {
  topic: string
  lastId: bigint
}

/** The value of a `commits` entry: the blocks of that commit in the order of their ids. */
export function encodeCommit(blocks: readonly BlockName[]): Uint8Array {
  const writer = new RecordWriter().number(blocks.length)
  for (const { topic, lastId } of blocks) writer.text(topic).id(lastId)
  return writer.seal()
}

/** Throws RecordError where the bytes are not what was written. */
export function decodeCommit(bytes: Uint8Array): BlockName[] {
  const reader = new RecordReader(bytes)
  return Array.from({ length: reader.number() }, () => ({
    topic: reader.text(),
    lastId: reader.id(),
  }))
}
