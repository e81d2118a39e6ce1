/** The answers of Read by hand: they carry stored blocks as they are. */
import { Block, BlockError, BlockRange } from '@goethe/core/contract'
import { MessageReader } from './message-reader.js'
import {
  MessageWriter,
  NameCache,
  bytesFieldSize,
  varintFieldSize,
  varintSize,
} from './message-writer.js'

const fields = {
  blocks: 0x0a,
  beganAfter: 0x11,
  range: { topic: 0x0a, block: 0x12, from: 0x18, to: 0x20 },
} as const

/** A ReadResponse. */
export interface ReadMessage {
  ranges: BlockRange[]
  /** Where a read that follows began: behind the event of this id. */
  beganAfter: bigint | undefined
}

const names = new NameCache()

export function encodeRead({ ranges, beganAfter }: ReadMessage): Uint8Array {
  const sizes = ranges.map(rangeSize)
  const blocks = sizes.reduce((sum, size) => sum + bytesFieldSize(size), 0)
  const writer = new MessageWriter(blocks + (beganAfter === undefined ? 0 : 9))
  for (const [index, { block, from, to }] of ranges.entries()) {
    writer
      .varint(fields.blocks)
      .varint(sizes[index]!)
      .bytesField(fields.range.topic, names.bytes(block.topic))
      .bytesField(fields.range.block, block.bytes)
      .varintField(fields.range.from, from)
    if (to < block.count) writer.varint(fields.range.to).varint(to)
  }
  if (beganAfter !== undefined) writer.fixed64Field(fields.beganAfter, beganAfter)
  return writer.bytes
}

function rangeSize({ block, from, to }: BlockRange): number {
  return (
    bytesFieldSize(names.bytes(block.topic).length) +
    bytesFieldSize(block.bytes.length) +
    varintFieldSize(from) +
    (to < block.count ? 1 + varintSize(to) : 0)
  )
}

/** Blocks are views of the message. Throws MessageError or BlockError. */
export function decodeRead(bytes: Uint8Array): ReadMessage {
  const reader = new MessageReader(bytes)
  const ranges: BlockRange[] = []
  let beganAfter: bigint | undefined
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === fields.blocks) {
      const outer = reader.enter()
      ranges.push(readRange(reader))
      reader.leave(outer)
    } else if (tag === fields.beganAfter) beganAfter = reader.fixed64()
    else reader.skip(tag)
  }
  return { ranges, beganAfter }
}

function readRange(reader: MessageReader): BlockRange {
  let topic = ''
  let bytes: Uint8Array | undefined
  let from = 0
  let to: number | undefined
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === fields.range.topic) topic = reader.string()
    else if (tag === fields.range.block) bytes = reader.view()
    else if (tag === fields.range.from) from = reader.varint()
    else if (tag === fields.range.to) to = reader.varint()
    else reader.skip(tag)
  }
  if (bytes === undefined) throw new BlockError('it is missing')
  const block = Block.decode(topic, bytes)
  const end = to ?? block.count
  if (from > end || end > block.count) throw new BlockError('the range lies outside of it')
  return new BlockRange(block, from, end)
}
