/** The messages of AppendStream by hand: appends go by the thousand through one message. */
import type { Durability, Expectation, GoetheError, ProducerSequence, Receipt } from '@goethe/core'
import type { AppendPart } from '@goethe/core/contract'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { errorFromMessage, errorToMessage } from './error-details.js'
import { ErrorSchema } from './gen/goethe/v1/error_pb.js'
import { MessageReader } from './message-reader.js'
import {
  MessageWriter,
  NameCache,
  bytesFieldSize,
  varintFieldSize,
  varintSize,
} from './message-writer.js'

const fields = {
  appends: 0x0a,
  request: { topic: 0x0a, payloads: 0x12, expect: 0x1a, producer: 0x22, time: 0x29 },
  expect: { empty: 0x08, lastId: 0x11, lastSequence: 0x18 },
  producer: { id: 0x0a, sequence: 0x10 },
  results: 0x0a,
  result: { receipt: 0x0a, error: 0x12 },
  receipt: {
    topic: 0x0a,
    firstId: 0x11,
    firstSequence: 0x18,
    count: 0x20,
    durability: 0x28,
    repeated: 0x30,
  },
} as const

const durabilities = [undefined, 'memory', 'os', 'fsync'] as const

/** Receipt or error, in the order of the requests. */
export type AppendOutcome = Receipt | GoetheError

const names = new NameCache()

/** Bytes of an AppendRequest as a field of an AppendStreamRequest. */
export function appendRequestSize(part: AppendPart): number {
  return bytesFieldSize(requestSize(part))
}

/** An AppendStreamRequest. */
export function encodeAppends(parts: readonly AppendPart[]): Uint8Array {
  const sizes = parts.map(requestSize)
  const writer = new MessageWriter(sizes.reduce((sum, size) => sum + bytesFieldSize(size), 0))
  for (const [index, part] of parts.entries()) {
    writer.varint(fields.appends).varint(sizes[index]!)
    writeRequest(writer, part)
  }
  return writer.bytes
}

/** An AppendRequest. */
export function encodeAppend(part: AppendPart): Uint8Array {
  const writer = new MessageWriter(requestSize(part))
  writeRequest(writer, part)
  return writer.bytes
}

/** Payloads are views of the message. Throws MessageError. */
export function decodeAppends(bytes: Uint8Array): AppendPart[] {
  const reader = new MessageReader(bytes)
  const parts: AppendPart[] = []
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag !== fields.appends) {
      reader.skip(tag)
      continue
    }
    const outer = reader.enter()
    parts.push(readRequest(reader))
    reader.leave(outer)
  }
  return parts
}

/** Payloads are views of the message. Throws MessageError. */
export function decodeAppend(bytes: Uint8Array): AppendPart {
  return readRequest(new MessageReader(bytes))
}

/** An AppendStreamResponse. Topics are left out: whoever asked knows them. */
export function encodeOutcomes(outcomes: readonly AppendOutcome[]): Uint8Array {
  const errors = outcomes.map((outcome) =>
    'code' in outcome ? toBinary(ErrorSchema, errorToMessage(outcome)) : undefined,
  )
  const sizes = outcomes.map((outcome, index) => {
    const error = errors[index]
    return bytesFieldSize(error === undefined ? receiptSize(outcome as Receipt, 0) : error.length)
  })
  const writer = new MessageWriter(sizes.reduce((sum, size) => sum + bytesFieldSize(size), 0))
  for (const [index, outcome] of outcomes.entries()) {
    writer.varint(fields.results).varint(sizes[index]!)
    const error = errors[index]
    if (error !== undefined) {
      writer.bytesField(fields.result.error, error)
      continue
    }
    const receipt = outcome as Receipt
    writer.varint(fields.result.receipt).varint(receiptSize(receipt, 0))
    writeReceipt(writer, receipt, undefined)
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
    for (let inner = reader.tag(); inner !== 0; inner = reader.tag()) {
      if (inner === fields.result.receipt) {
        const result = reader.enter()
        outcomes.push(readReceipt(reader))
        reader.leave(result)
      } else if (inner === fields.result.error) {
        outcomes.push(errorFromMessage(fromBinary(ErrorSchema, reader.view())))
      } else reader.skip(inner)
    }
    reader.leave(outer)
  }
  return outcomes
}

/** An AppendResponse. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const topic = names.bytes(receipt.topic)
  const size = receiptSize(receipt, topic.length)
  const writer = new MessageWriter(bytesFieldSize(size))
  writer.varint(fields.result.receipt).varint(size)
  writeReceipt(writer, receipt, topic)
  return writer.bytes
}

/** Of an AppendResponse. Throws MessageError. */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  const [receipt] = decodeOutcomes(wrapped(bytes))
  return receipt as Receipt
}

/** An AppendResponse looks like an AppendResult with a receipt. */
function wrapped(bytes: Uint8Array): Uint8Array {
  return new MessageWriter(bytesFieldSize(bytes.length)).bytesField(fields.results, bytes).bytes
}

function requestSize({ topic, payloads, expect, producer, time }: AppendPart): number {
  let size = bytesFieldSize(names.bytes(topic).length)
  for (const { length } of payloads) size += bytesFieldSize(length)
  if (expect !== undefined) size += bytesFieldSize(expectationSize(expect))
  if (producer !== undefined) size += bytesFieldSize(producerSize(producer))
  return time === undefined ? size : size + 9
}

function expectationSize(expect: Expectation): number {
  if (expect === 'empty') return 2
  return typeof expect === 'bigint' ? 9 : 1 + varintSize(expect)
}

function producerSize({ id, sequence }: ProducerSequence): number {
  return bytesFieldSize(names.bytes(id).length) + varintFieldSize(sequence)
}

function writeRequest(writer: MessageWriter, part: AppendPart): void {
  const { topic, payloads, expect, producer, time } = part
  writer.bytesField(fields.request.topic, names.bytes(topic))
  for (const payload of payloads) writer.bytesField(fields.request.payloads, payload)
  if (expect !== undefined) {
    writer.varint(fields.request.expect).varint(expectationSize(expect))
    if (expect === 'empty') writer.varint(fields.expect.empty).varint(1)
    else if (typeof expect === 'bigint') writer.fixed64Field(fields.expect.lastId, expect)
    else writer.varint(fields.expect.lastSequence).varint(expect)
  }
  if (producer !== undefined) {
    writer.varint(fields.request.producer).varint(producerSize(producer))
    writer.bytesField(fields.producer.id, names.bytes(producer.id))
    writer.varintField(fields.producer.sequence, producer.sequence)
  }
  if (time !== undefined) writer.fixed64Field(fields.request.time, time)
}

function readRequest(reader: MessageReader): AppendPart {
  const payloads: Uint8Array[] = []
  const part: AppendPart = {
    topic: '',
    payloads,
    expect: undefined,
    producer: undefined,
    time: undefined,
  }
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case fields.request.topic:
        part.topic = reader.string()
        break
      case fields.request.payloads:
        payloads.push(reader.view())
        break
      case fields.request.expect:
        part.expect = readExpectation(reader)
        break
      case fields.request.producer:
        part.producer = readProducer(reader)
        break
      case fields.request.time:
        part.time = reader.fixed64()
        break
      default:
        reader.skip(tag)
    }
  }
  return part
}

function readExpectation(reader: MessageReader): Expectation | undefined {
  const outer = reader.enter()
  let expect: Expectation | undefined
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === fields.expect.empty) expect = reader.varint() === 1 ? 'empty' : undefined
    else if (tag === fields.expect.lastId) expect = reader.fixed64()
    else if (tag === fields.expect.lastSequence) expect = reader.varint()
    else reader.skip(tag)
  }
  reader.leave(outer)
  return expect
}

function readProducer(reader: MessageReader): ProducerSequence {
  const outer = reader.enter()
  const producer = { id: '', sequence: 0 }
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === fields.producer.id) producer.id = reader.string()
    else if (tag === fields.producer.sequence) producer.sequence = reader.varint()
    else reader.skip(tag)
  }
  reader.leave(outer)
  return producer
}

function receiptSize(receipt: Receipt, topicBytes: number): number {
  return (
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
  { firstId, firstSequence, count, durability, repeated }: Receipt,
  topic: Uint8Array | undefined,
): void {
  if (topic !== undefined) writer.bytesField(fields.receipt.topic, topic)
  writer
    .fixed64Field(fields.receipt.firstId, firstId)
    .varintField(fields.receipt.firstSequence, firstSequence)
    .varintField(fields.receipt.count, count)
    .varintField(fields.receipt.durability, durabilities.indexOf(durability))
    .varintField(fields.receipt.repeated, repeated ? 1 : 0)
}

function readReceipt(reader: MessageReader): Receipt {
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
        repeated = reader.varint() === 1
        break
      default:
        reader.skip(tag)
    }
  }
  const lastId = firstId + BigInt(Math.max(count - 1, 0))
  const lastSequence = firstSequence + count - 1
  return { topic, firstId, lastId, firstSequence, lastSequence, count, durability, repeated }
}
