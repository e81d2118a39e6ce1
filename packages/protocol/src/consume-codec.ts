/** The messages of Consume by hand: each delivery and each acknowledgement goes through them. */
import type { GoetheError } from '@goethe/core'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { errorFromMessage, errorToMessage } from './error-details.js'
import { type ConsumeOpen, ConsumeOpenSchema } from './gen/goethe/v1/consume_pb.js'
import { ErrorSchema } from './gen/goethe/v1/error_pb.js'
import { MessageReader } from './message-reader.js'
import { MessageWriter, bytesFieldSize, varintFieldSize, varintSize } from './message-writer.js'

const fields = {
  request: { open: 0x0a, credit: 0x10, acks: 0x1a, nacks: 0x22, extends: 0x2a, releases: 0x32 },
  nack: { number: 0x08, delayMs: 0x10 },
  response: { instance: 0x0a, deliveries: 0x12, settlements: 0x1a },
  delivery: { number: 0x08, id: 0x11, sequence: 0x18, attempt: 0x20, payload: 0x2a },
  settlement: { numbers: 0x0a, error: 0x12 },
} as const

/** A ConsumeRequest. */
export interface ConsumeCommand {
  open?: ConsumeOpen | undefined
  credit: number
  acks: number[]
  nacks: { number: number; delayMs: number }[]
  extends: number[]
  releases: number[]
}

/** A Delivery. */
export interface SentDelivery {
  number: number
  id: bigint
  sequence: number
  attempt: number
  payload: Uint8Array
}

/** A Settlement. */
export interface Settlement {
  numbers: number[]
  error: GoetheError | undefined
}

/** A ConsumeResponse. */
export interface ConsumeReport {
  instance: string
  deliveries: SentDelivery[]
  settlements: Settlement[]
}

export function encodeConsumeCommand(command: ConsumeCommand): Uint8Array {
  const writer = new BinaryWriter()
  if (command.open !== undefined) {
    writer.tag(1, WireType.LengthDelimited).bytes(toBinary(ConsumeOpenSchema, command.open))
  }
  if (command.credit > 0) writer.tag(2, WireType.Varint).uint32(command.credit)
  packed(writer, 3, command.acks)
  for (const { number, delayMs } of command.nacks) {
    writer.tag(4, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.Varint).uint64(number)
    if (delayMs > 0) writer.tag(2, WireType.Varint).uint64(delayMs)
    writer.join()
  }
  packed(writer, 5, command.extends)
  packed(writer, 6, command.releases)
  return writer.finish()
}

function packed(writer: BinaryWriter, field: number, values: readonly number[]): void {
  if (values.length === 0) return
  const size = values.reduce((sum, value) => sum + varintSize(value), 0)
  const bytes = new MessageWriter(size)
  for (const value of values) bytes.varint(value)
  writer.tag(field, WireType.LengthDelimited).bytes(bytes.bytes)
}

/** Throws MessageError, and Error for what is no ConsumeOpen. */
export function decodeConsumeCommand(bytes: Uint8Array): ConsumeCommand {
  const reader = new MessageReader(bytes)
  const command: ConsumeCommand = { credit: 0, acks: [], nacks: [], extends: [], releases: [] }
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const unpacked = tag & ~7
    if (tag === fields.request.open) command.open = fromBinary(ConsumeOpenSchema, reader.view())
    else if (tag === fields.request.credit) command.credit = reader.varint()
    else if (tag === fields.request.nacks) command.nacks.push(readNack(reader))
    else if (unpacked === (fields.request.acks & ~7)) reader.varints(tag, command.acks)
    else if (unpacked === (fields.request.extends & ~7)) reader.varints(tag, command.extends)
    else if (unpacked === (fields.request.releases & ~7)) reader.varints(tag, command.releases)
    else reader.skip(tag)
  }
  return command
}

function readNack(reader: MessageReader): { number: number; delayMs: number } {
  const outer = reader.enter()
  const nack = { number: 0, delayMs: 0 }
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === fields.nack.number) nack.number = reader.varint()
    else if (tag === fields.nack.delayMs) nack.delayMs = reader.varint()
    else reader.skip(tag)
  }
  reader.leave(outer)
  return nack
}

export function encodeConsumeReport(report: ConsumeReport): Uint8Array {
  const instance = new TextEncoder().encode(report.instance)
  const settlements = report.settlements.map(encodeSettlement)
  const sizes = report.deliveries.map(deliverySize)
  let size = instance.length === 0 ? 0 : bytesFieldSize(instance.length)
  for (const delivery of sizes) size += bytesFieldSize(delivery)
  for (const { length } of settlements) size += bytesFieldSize(length)
  const writer = new MessageWriter(size)
  if (instance.length > 0) writer.bytesField(fields.response.instance, instance)
  for (const [index, delivery] of report.deliveries.entries()) {
    writer.varint(fields.response.deliveries).varint(sizes[index]!)
    writeDelivery(writer, delivery)
  }
  for (const bytes of settlements) writer.bytesField(fields.response.settlements, bytes)
  return writer.bytes
}

function encodeSettlement({ numbers, error }: Settlement): Uint8Array {
  const writer = new BinaryWriter()
  packed(writer, 1, numbers)
  if (error !== undefined) {
    writer.tag(2, WireType.LengthDelimited).bytes(toBinary(ErrorSchema, errorToMessage(error)))
  }
  return writer.finish()
}

function deliverySize({ number, sequence, attempt, payload }: SentDelivery): number {
  return (
    varintFieldSize(number) +
    9 +
    varintFieldSize(sequence) +
    varintFieldSize(attempt) +
    bytesFieldSize(payload.length)
  )
}

function writeDelivery(writer: MessageWriter, delivery: SentDelivery): void {
  writer
    .varintField(fields.delivery.number, delivery.number)
    .fixed64Field(fields.delivery.id, delivery.id)
    .varintField(fields.delivery.sequence, delivery.sequence)
    .varintField(fields.delivery.attempt, delivery.attempt)
    .bytesField(fields.delivery.payload, delivery.payload)
}

/** Payloads are views of the message. Throws MessageError. */
export function decodeConsumeReport(bytes: Uint8Array): ConsumeReport {
  const reader = new MessageReader(bytes)
  const report: ConsumeReport = { instance: '', deliveries: [], settlements: [] }
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === fields.response.instance) report.instance = reader.string()
    else if (tag === fields.response.deliveries) report.deliveries.push(readDelivery(reader))
    else if (tag === fields.response.settlements) report.settlements.push(readSettlement(reader))
    else reader.skip(tag)
  }
  return report
}

function readDelivery(reader: MessageReader): SentDelivery {
  const outer = reader.enter()
  let number = 0
  let id = 0n
  let sequence = 0
  let attempt = 0
  let payload: Uint8Array | undefined
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case fields.delivery.number:
        number = reader.varint()
        break
      case fields.delivery.id:
        id = reader.fixed64()
        break
      case fields.delivery.sequence:
        sequence = reader.varint()
        break
      case fields.delivery.attempt:
        attempt = reader.varint()
        break
      case fields.delivery.payload:
        payload = reader.view()
        break
      default:
        reader.skip(tag)
    }
  }
  reader.leave(outer)
  return { number, id, sequence, attempt, payload: payload ?? new Uint8Array(0) }
}

function readSettlement(reader: MessageReader): Settlement {
  const outer = reader.enter()
  const settlement: Settlement = { numbers: [], error: undefined }
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === fields.settlement.error) {
      settlement.error = errorFromMessage(fromBinary(ErrorSchema, reader.view()))
    } else if ((tag & ~7) === (fields.settlement.numbers & ~7)) {
      reader.varints(tag, settlement.numbers)
    } else reader.skip(tag)
  }
  reader.leave(outer)
  return settlement
}
