/** The answers of Append and AppendStream by hand: one for each append. */
import { type Durability, GoetheError, type Receipt } from '@goethe/core'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { errorFromMessage, errorToMessage } from './error-details.js'
import { ErrorSchema } from './gen/goethe/v1/error_pb.js'
import { MessageError, MessageReader } from './message-reader.js'
import { MessageWriter, NameCache, bytesFieldSize, varintFieldSize } from './message-writer.js'

const fields = {
  response: { receipt: 0x0a },
  results: 0x0a,
  result: { receipt: 0x0a, error: 0x12 },
  receipt: {
    topic: 0x0a,
    firstId: 0x11,
    firstSequence: 0x18,
    count: 0x20,
    durability: 0x28,
    repeated: 0x30,
    also: 0x3a,
  },
} as const

const durabilities = [undefined, 'memory', 'os', 'fsync'] as const

/** Receipt or error, in the order of the requests. */
export type AppendOutcome = StreamedReceipt | GoetheError

/** Of an append, and of what was appended along with it. */
export interface StreamedReceipt extends Receipt {
  also?: readonly Receipt[] | undefined
}

const names = new NameCache()
const noTopic = new Uint8Array(0)

/** An AppendStreamResponse. Topics are left out: whoever asked knows them. */
export function encodeOutcomes(outcomes: readonly AppendOutcome[]): Uint8Array {
  const errors = outcomes.map((outcome) =>
    'code' in outcome ? toBinary(ErrorSchema, errorToMessage(outcome)) : undefined,
  )
  const sizes = outcomes.map((outcome, index) => {
    const error = errors[index]
    return bytesFieldSize(
      error === undefined ? receiptSize(outcome as StreamedReceipt, 0) : error.length,
    )
  })
  const writer = new MessageWriter(sizes.reduce((sum, size) => sum + bytesFieldSize(size), 0))
  for (const [index, outcome] of outcomes.entries()) {
    writer.varint(fields.results).varint(sizes[index]!)
    const error = errors[index]
    if (error !== undefined) {
      writer.bytesField(fields.result.error, error)
      continue
    }
    const receipt = outcome as StreamedReceipt
    writer.varint(fields.result.receipt).varint(receiptSize(receipt, 0))
    writeReceipt(writer, receipt, noTopic)
  }
  return writer.bytes
}

/** Receipts have an empty topic. Throws MessageError. */
export function decodeOutcomes(bytes: Uint8Array): AppendOutcome[] {
  const reader = new MessageReader(bytes)
  const outcomes: AppendOutcome[] = []
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag !== fields.results) {
      reader.skip(tag)
      continue
    }
    const outer = reader.enter()
    outcomes.push(readOutcome(reader))
    reader.leave(outer)
  }
  return outcomes
}

/** Always one: those behind it belong to the requests behind its own. */
function readOutcome(reader: MessageReader): AppendOutcome {
  let outcome: AppendOutcome | undefined
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === fields.result.receipt) {
      const outer = reader.enter()
      outcome = readReceipt(reader)
      reader.leave(outer)
    } else if (tag === fields.result.error) {
      outcome = errorFromMessage(fromBinary(ErrorSchema, reader.view()))
    } else reader.skip(tag)
  }
  const message = 'The server answered an append with something that this version does not know'
  return outcome ?? new GoetheError('GOETHE_INTERNAL', message)
}

/** An AppendResponse. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const topic = names.bytes(receipt.topic)
  const size = receiptSize(receipt, topic.length)
  const writer = new MessageWriter(bytesFieldSize(size))
  writer.varint(fields.response.receipt).varint(size)
  writeReceipt(writer, receipt, topic)
  return writer.bytes
}

/** Of an AppendResponse. Throws MessageError. */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  const reader = new MessageReader(bytes)
  let receipt: Receipt | undefined
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag !== fields.response.receipt) {
      reader.skip(tag)
      continue
    }
    const outer = reader.enter()
    receipt = readReceipt(reader)
    reader.leave(outer)
  }
  if (receipt === undefined) throw new MessageError('An answer to an append has no receipt')
  return receipt
}

function receiptSize(receipt: StreamedReceipt, topicBytes: number): number {
  let also = 0
  for (const other of receipt.also ?? []) also += bytesFieldSize(receiptSize(other, 0))
  return (
    also +
    (topicBytes === 0 ? 0 : bytesFieldSize(topicBytes)) +
    9 +
    varintFieldSize(receipt.firstSequence) +
    varintFieldSize(receipt.count) +
    2 +
    (receipt.repeated ? 2 : 0)
  )
}

function writeReceipt(
  writer: MessageWriter,
  { firstId, firstSequence, count, durability, repeated, also }: StreamedReceipt,
  topic: Uint8Array,
): void {
  if (topic.length > 0) writer.bytesField(fields.receipt.topic, topic)
  writer
    .fixed64Field(fields.receipt.firstId, firstId)
    .varintField(fields.receipt.firstSequence, firstSequence)
    .varintField(fields.receipt.count, count)
    .varintField(fields.receipt.durability, durabilities.indexOf(durability))
    .varintField(fields.receipt.repeated, repeated ? 1 : 0)
  for (const other of also ?? []) {
    writer.varint(fields.receipt.also).varint(receiptSize(other, 0))
    writeReceipt(writer, other, noTopic)
  }
}

function readReceipt(reader: MessageReader, depth = 0): StreamedReceipt {
  const also: Receipt[] = []
  let topic = ''
  let firstId = 0n
  let firstSequence = 0
  let count = 0
  let durability: Durability = 'memory'
  let repeated = false
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case fields.receipt.topic:
        topic = reader.string()
        break
      case fields.receipt.firstId:
        firstId = reader.fixed64()
        break
      case fields.receipt.firstSequence:
        firstSequence = reader.varint()
        break
      case fields.receipt.count:
        count = reader.varint()
        break
      case fields.receipt.durability:
        durability = durabilities[reader.varint()] ?? 'memory'
        break
      case fields.receipt.repeated:
        repeated = reader.bool()
        break
      case fields.receipt.also: {
        if (depth > 0) throw new MessageError('A receipt that goes along has others along with it')
        const outer = reader.enter()
        also.push(readReceipt(reader, depth + 1))
        reader.leave(outer)
        break
      }
      default:
        reader.skip(tag)
    }
  }
  const lastId = firstId + BigInt(Math.max(count - 1, 0))
  const lastSequence = firstSequence + count - 1
  const receipt = {
    topic,
    firstId,
    lastId,
    firstSequence,
    lastSequence,
    count,
    durability,
    repeated,
  }
  return also.length === 0 ? receipt : { ...receipt, also }
}
