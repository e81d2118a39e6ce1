/** Reads what `ByteWriter` wrote. Nothing is allocated on the word of a length that does not fit. */
import { GoetheError } from '@goethe/core'
import { textBytesMax } from './byte-writer.js'
import { takeNumber, viewOf } from './journal/numbers.js'

export class ByteReader {
  readonly #bytes: Buffer
  readonly #view: DataView
  readonly #what: string
  #at = 0

  /** `what` these bytes should be, for messages: "a message between members". */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = viewOf(bytes)
    this.#what = what
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    return this.#bytes[this.#take(1)]!
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  /** A whole number up to 2^53 - 1. */
  number(): number {
    const value = takeNumber(this.#view, this.#take(8))
    if (!Number.isSafeInteger(value)) throw this.corrupt('a number is above 2^53 - 1')
    return value
  }

  text(): string {
    const length = this.#view.getUint16(this.#take(2), true)
    if (length > textBytesMax) throw this.corrupt(`a text has ${length} bytes`)
    const at = this.#take(length)
    return this.#bytes.toString('utf8', at, at + length)
  }

  /** A view. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  /** Throws where something follows that should not. */
  end(): void {
    if (this.left > 0) throw this.corrupt(`${this.left} bytes follow its end`)
  }

  /** The error for bytes that are not what they should be. */
  corrupt(problem: string): GoetheError {
    return new GoetheError('GOETHE_CORRUPT', `Bytes are not ${this.#what}: ${problem}`)
  }

  #take(length: number): number {
    if (length > this.left) throw this.corrupt('they end too early')
    const at = this.#at
    this.#at += length
    return at
  }
}
