/** Writes numbers, texts and bytes one after the other, for what members say to each other. */
import { assert } from '@goethe/core'
import { putNumber } from './journal/numbers.js'

/** Texts are names and ids; this is far above what any of them has. */
export const textBytesMax = 1024

export class ByteWriter {
  #bytes: Buffer
  #view: DataView
  #length = 0

  /** `capacity`: the bytes that will probably be written. */
  constructor(capacity = 256) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  byte(value: number): void {
    const at = this.#take(1)
    this.#bytes[at] = value
  }

  uint32(value: number): void {
    const at = this.#take(4)
    this.#view.setUint32(at, value, true)
  }

  /** A whole number up to 2^53 - 1, in 8 bytes. */
  number(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, `${value} is a whole number`)
    const at = this.#take(8)
    putNumber(this.#view, at, value)
  }

  text(value: string): void {
    const length = Buffer.byteLength(value)
    assert(length <= textBytesMax, `'${value.slice(0, 50)}' has at most ${textBytesMax} bytes`)
    const at = this.#take(2 + length)
    this.#view.setUint16(at, length, true)
    this.#bytes.write(value, at + 2)
  }

  bytes(value: Uint8Array): void {
    const at = this.#take(value.length)
    this.#bytes.set(value, at)
  }

  /** What was written; nothing may be written after. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #take(length: number): number {
    const at = this.#length
    this.#length += length
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#length, this.#bytes.length * 2))
      larger.set(this.#bytes.subarray(0, at))
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return at
  }
}
