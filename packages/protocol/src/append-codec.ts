/** The requests of Append and AppendStream by hand: thousands of appends go into one message. */
import type { Expectation, ProducerSequence } from '@goethe/core'
import type { AppendPart } from '@goethe/core/contract'
import { MessageError, MessageReader } from './message-reader.js'
import {
  MessageWriter,
  NameCache,
  bytesFieldSize,
  varintFieldSize,
  varintSize,
} from './message-writer.js'

const fields = {
  appends: 0x0a,
  request: {
    topic: 0x0a,
    payloads: 0x12,
    expect: 0x1a,
    producer: 0x22,
    time: 0x29,
    also: 0x32,
  },
  expect: { empty: 0x08, lastId: 0x11, lastSequence: 0x18 },
  producer: { id: 0x0a, sequence: 0x10 },
} as const

/** An append, perhaps with parts for other topics: all or nothing. */
export interface StreamedAppend extends AppendPart {
  also?: readonly AppendPart[] | undefined
}

const names = new NameCache()

/** Bytes of an AppendRequest as a field of an AppendStreamRequest. */
export function appendRequestSize(part: AppendPart): number {
  return bytesFieldSize(requestSize(part))
}

/** An AppendStreamRequest. */
export function encodeAppends(parts: readonly StreamedAppend[]): Uint8Array {
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
export function decodeAppends(bytes: Uint8Array): StreamedAppend[] {
  const reader = new MessageReader(bytes)
  const parts: StreamedAppend[] = []
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag !== fields.appends) {
      reader.skip(tag)
      continue
    }
    const outer = reader.enter()
    parts.push(readRequest(reader, true))
    reader.leave(outer)
  }
  return parts
}

/** Payloads are views of the message. Throws MessageError. */
export function decodeAppend(bytes: Uint8Array): AppendPart {
  return readRequest(new MessageReader(bytes), false)
}

function requestSize({ topic, payloads, expect, producer, time, also }: StreamedAppend): number {
  let size = bytesFieldSize(names.bytes(topic).length)
  for (const { length } of payloads) size += bytesFieldSize(length)
  if (expect !== undefined) size += bytesFieldSize(expectationSize(expect))
  if (producer !== undefined) size += bytesFieldSize(producerSize(producer))
  if (time !== undefined) size += 9
  for (const part of also ?? []) size += bytesFieldSize(requestSize(part))
  return size
}

function expectationSize(expect: Expectation): number {
  if (expect === 'empty') return 2
  return typeof expect === 'bigint' ? 9 : 1 + varintSize(expect)
}

function producerSize({ id, sequence }: ProducerSequence): number {
  return bytesFieldSize(names.bytes(id).length) + varintFieldSize(sequence)
}

function writeRequest(writer: MessageWriter, part: StreamedAppend): void {
  const { topic, payloads, expect, producer, time, also } = part
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
  for (const other of also ?? []) {
    writer.varint(fields.request.also).varint(requestSize(other))
    writeRequest(writer, other)
  }
}

/** What is appended along has nothing along itself: messages are not as deep as somebody likes. */
function readRequest(reader: MessageReader, mayHaveAlso: boolean): StreamedAppend {
  const payloads: Uint8Array[] = []
  const also: AppendPart[] = []
  const part: StreamedAppend = {
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
        part.expect = readExpectation(reader, part.expect)
        break
      case fields.request.producer:
        part.producer = readProducer(reader, part.producer)
        break
      case fields.request.time:
        part.time = reader.fixed64()
        break
      case fields.request.also: {
        if (!mayHaveAlso) throw new MessageError('This append goes to one topic only')
        const outer = reader.enter()
        also.push(readRequest(reader, false))
        reader.leave(outer)
        break
      }
      default:
        reader.skip(tag)
    }
  }
  if (also.length > 0) part.also = also
  return part
}

/** A message that comes twice is one: what comes later adds to what came before. */
function readExpectation(
  reader: MessageReader,
  before: Expectation | undefined,
): Expectation | undefined {
  const outer = reader.enter()
  let expect = before
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === fields.expect.empty) expect = reader.bool() ? 'empty' : undefined
    else if (tag === fields.expect.lastId) expect = reader.fixed64()
    else if (tag === fields.expect.lastSequence) expect = reader.varint()
    else reader.skip(tag)
  }
  reader.leave(outer)
  return expect
}

function readProducer(
  reader: MessageReader,
  before: ProducerSequence | undefined,
): ProducerSequence {
  const outer = reader.enter()
  const producer = before ?? { id: '', sequence: 0 }
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === fields.producer.id) producer.id = reader.string()
    else if (tag === fields.producer.sequence) producer.sequence = reader.varint()
    else reader.skip(tag)
  }
  reader.leave(outer)
  return producer
}
