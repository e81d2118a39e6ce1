/**
 * A block is what one append or group commit left behind in one topic: consecutive events under
 * one key. Its bytes are those of this protobuf message, fields always in this order, so that they
 * can be handed to clients of any language untouched:
 *
 *     message EventBlock {
 *       fixed64 first_id = 1;        // id of the first event; event i has first_id + i
 *       fixed64 first_sequence = 2;  // sequence of the first event; event i has first_sequence + i
 *       fixed32 count = 3;
 *       fixed32 checksum = 4;        // CRC-32 of all bytes but this field's (tag and value)
 *       repeated bytes payloads = 5;
 *     }
 *
 * docs/storage.md shows one byte by byte.
 */
import { crc32 } from './crc32.js'
import { LogEvent } from './log-event.js'

const firstIdTag = 0x09
const firstSequenceTag = 0x11
const countTag = 0x1d
const checksumTag = 0x25
const payloadTag = 0x2a

const firstIdAt = 1
const firstSequenceAt = 10
const countAt = 19
const checksumFieldAt = 23
const checksumAt = 24

/** Bytes of a block before its first payload. */
export const blockHeaderBytes = 28

/** Bytes that a payload takes up in a block: tag, length, payload. */
export function payloadBytesInBlock(payloadBytes: number): number {
  return 1 + varintBytes(payloadBytes) + payloadBytes
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x200000) return 3
  if (value < 0x10000000) return 4
  return 5
}

/** The bytes of a block; `sizeBytes` is the header's plus `payloadBytesInBlock` of each payload. */
export function encodeBlock(
  firstId: bigint,
  firstSequence: number,
  payloads: readonly Uint8Array[],
  sizeBytes: number,
): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  const view = new DataView(bytes.buffer)
  bytes[0] = firstIdTag
  view.setBigUint64(firstIdAt, firstId, true)
  bytes[firstSequenceAt - 1] = firstSequenceTag
  view.setBigUint64(firstSequenceAt, BigInt(firstSequence), true)
  bytes[countAt - 1] = countTag
  view.setUint32(countAt, payloads.length, true)
  bytes[checksumFieldAt] = checksumTag
  let at = blockHeaderBytes
  for (const payload of payloads) {
    bytes[at++] = payloadTag
    let length = payload.length
    while (length >= 0x80) {
      bytes[at++] = (length & 0x7f) | 0x80
      length >>>= 7
    }
    bytes[at++] = length
    bytes.set(payload, at)
    at += payload.length
  }
  view.setUint32(checksumAt, checksumOf(bytes), true)
  return bytes
}

function checksumOf(bytes: Uint8Array): number {
  const header = crc32(bytes.subarray(0, checksumFieldAt))
  return crc32(bytes.subarray(blockHeaderBytes), header)
}

/** A block as it was read: what its header says, and its bytes. */
export class Block {
  readonly topic: string
  readonly bytes: Uint8Array
  readonly firstId: bigint
  readonly firstSequence: number
  readonly count: number
  #events: LogEvent[] | undefined

  /** Bytes that were just written need no verification; those from a store do: `decode`. */
  constructor(topic: string, bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.topic = topic
    this.bytes = bytes
    this.firstId = view.getBigUint64(firstIdAt, true)
    this.firstSequence = Number(view.getBigUint64(firstSequenceAt, true))
    this.count = view.getUint32(countAt, true)
  }

  /** Reads a block and verifies its checksum. Throws BlockError that says what is wrong. */
  static decode(topic: string, bytes: Uint8Array): Block {
    if (bytes.length < blockHeaderBytes) {
      throw new BlockError(`it has ${bytes.length} bytes, fewer than a block's header`)
    }
    if (
      bytes[0] !== firstIdTag ||
      bytes[firstSequenceAt - 1] !== firstSequenceTag ||
      bytes[countAt - 1] !== countTag ||
      bytes[checksumFieldAt] !== checksumTag
    ) {
      throw new BlockError('its header does not begin with the fields of a block')
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const stored = view.getUint32(checksumAt, true)
    const actual = checksumOf(bytes)
    if (stored !== actual) {
      throw new BlockError(
        `its checksum is ${hexadecimal(actual)} but ${hexadecimal(stored)} was stored`,
      )
    }
    const block = new Block(topic, bytes)
    if (block.count === 0) throw new BlockError('it holds no event')
    return block
  }

  get lastId(): bigint {
    return this.firstId + BigInt(this.count - 1)
  }

  get lastSequence(): number {
    return this.firstSequence + this.count - 1
  }

  /** Bytes of payload, without what frames them. */
  get payloadBytes(): number {
    return this.events().reduce((bytes, event) => bytes + event.payload.length, 0)
  }

  /** The block's events, decoded once however many readers ask. */
  events(): LogEvent[] {
    return (this.#events ??= this.#decodeEvents(0, this.count))
  }

  /** The events from index `from` up to and without index `to`. */
  slice(from: number, to: number): LogEvent[] {
    if (this.#events !== undefined) return this.#events.slice(from, to)
    if (from === 0 && to === this.count) return this.events()
    return this.#decodeEvents(from, to)
  }

  #decodeEvents(from: number, to: number): LogEvent[] {
    const { bytes, topic } = this
    const { buffer, byteOffset } = bytes
    const end = bytes.length
    const events = new Array<LogEvent>(to - from)
    let id = this.firstId + BigInt(from)
    let at = blockHeaderBytes
    for (let index = 0; index < to; index++) {
      if (at >= end || bytes[at++] !== payloadTag) throw new BlockError(framing)
      let length = bytes[at++]!
      if (length >= 0x80) {
        length &= 0x7f
        let shift = 7
        let part: number
        do {
          part = bytes[at++]!
          length += (part & 0x7f) * 2 ** shift
          shift += 7
        } while (part >= 0x80)
      }
      if (!(at + length <= end)) throw new BlockError(framing)
      if (index >= from) {
        const payload = new Uint8Array(buffer as ArrayBuffer, byteOffset + at, length)
        events[index - from] = new LogEvent(id++, this.firstSequence + index, topic, payload)
      }
      at += length
    }
    if (to === this.count && at !== end) throw new BlockError(framing)
    return events
  }
}

const framing = 'its payloads are not framed as its count says'

function hexadecimal(checksum: number): string {
  return checksum.toString(16).padStart(8, '0')
}

/** Says what is wrong with a block's bytes; the caller knows topic and key. */
export class BlockError extends Error {}
