/**
 * Small records (cursors, index entries, topics …) as bytes: fields in a fixed order, then a CRC-32
 * of them, since a store may hand out flipped bits. Numbers are LEB128 varints, ids and times are
 * 8 bytes little-endian, text is its length in bytes and UTF-8.
 */
import { crc32 } from './crc32.js'
import {
  putUint32LittleEndian,
  putUint64LittleEndian,
  uint32LittleEndian,
  uint64LittleEndian,
} from './fixed-integers.js'

declare class TextEncoder {
  encode(text: string): Uint8Array
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean })
  decode(bytes: Uint8Array): string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** Bytes of an id or a time. */
export const idBytes = 8

/** Says what is wrong with a record's bytes; the caller knows which record it is. */
export class RecordError extends Error {}

/** Writes the fields of one record in order. */
export class RecordWriter {
  #bytes: Uint8Array
  #at = 0

  /** `capacity` spares a record that is known to be larger from growing. */
  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity)
  }

  number(value: number): this {
    this.#reserve(8)
    while (value >= 0x80) {
      this.#bytes[this.#at++] = (value % 0x80) | 0x80
      value = Math.floor(value / 0x80)
    }
    this.#bytes[this.#at++] = value
    return this
  }

  id(value: bigint): this {
    this.#reserve(8)
    putUint64LittleEndian(this.#bytes, this.#at, value)
    this.#at += 8
    return this
  }

  bytes(value: Uint8Array): this {
    return this.number(value.length).raw(value)
  }

  /** Fields that are encoded already. */
  raw(value: Uint8Array): this {
    this.#reserve(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
    return this
  }

  text(value: string): this {
    return this.bytes(encoder.encode(value))
  }

  /** The record's bytes with their checksum. */
  seal(): Uint8Array {
    this.#reserve(4)
    const checksum = crc32(this.#bytes.subarray(0, this.#at))
    putUint32LittleEndian(this.#bytes, this.#at, checksum)
    return this.#bytes.slice(0, this.#at + 4)
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + bytes))
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

/** Reads the fields of one record in the order in which they were written. */
export class RecordReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number

  /**
   * Verifies the checksum, unless it was `verified` before. Throws RecordError where it is wrong.
   * Reads from the field at `at`.
   */
  constructor(bytes: Uint8Array, { at = 0, verified = false } = {}) {
    this.#bytes = bytes
    this.#at = at
    this.#end = bytes.length - 4
    if (verified) return
    if (this.#end < 0) throw new RecordError(`it has ${bytes.length} bytes, fewer than a checksum`)
    const stored = uint32LittleEndian(bytes, this.#end)
    if (crc32(bytes.subarray(0, this.#end)) !== stored) {
      throw new RecordError('its checksum does not fit its bytes')
    }
  }

  /** Where the next field begins, in bytes. */
  get position(): number {
    return this.#at
  }

  skip(bytes: number): void {
    this.#require(bytes)
    this.#at += bytes
  }

  /** True when all fields were read. */
  get ended(): boolean {
    return this.#at >= this.#end
  }

  number(): number {
    let value = 0
    let scale = 1
    for (;;) {
      this.#require(1)
      const part = this.#bytes[this.#at++]!
      value += (part & 0x7f) * scale
      if (part < 0x80) return value
      scale *= 0x80
    }
  }

  id(): bigint {
    this.#require(8)
    const value = uint64LittleEndian(this.#bytes, this.#at)
    this.#at += 8
    return value
  }

  bytes(): Uint8Array {
    const length = this.number()
    this.#require(length)
    const value = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return value
  }

  text(): string {
    return decoder.decode(this.bytes())
  }

  #require(bytes: number): void {
    if (this.#at + bytes > this.#end) throw new RecordError('it ends within a field')
  }
}
