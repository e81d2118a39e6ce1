/**
 * Reads protobuf messages field by field, for what is sent too often to make objects of all of it.
 * Numbers are JavaScript's: a varint beyond 2^53 is refused, as none of ours means anything there.
 */

/** Says that bytes are no message, or one that is cut off. */
export class MessageError extends Error {}

/** The last three bits of a tag. */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

// What is no UTF-8 is refused: replaced, two names that differ would become the same one. And a mark
// of byte order at the start of a name is a part of it.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Tags are numbers of 32 bits. */
const tagMax = 2 ** 32 - 1

export class MessageReader {
  readonly bytes: Uint8Array
  readonly #view: DataView
  #at: number
  #end: number

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = 0
    this.#end = bytes.length
  }

  /** The next field's tag, or 0 at the end of the message. */
  tag(): number {
    if (this.#at >= this.#end) return 0
    const tag = this.varint()
    if (tag < 8) throw new MessageError('A field of a message has the number 0')
    if (tag > tagMax) throw new MessageError('A field of a message has a number beyond 2^29')
    return tag
  }

  varint(): number {
    const { bytes } = this
    let byte = bytes[this.#at++]!
    if (byte < 0x80 && this.#at <= this.#end) return byte
    let value = byte & 0x7f
    let factor = 0x80
    do {
      if (this.#at >= this.#end) throw new MessageError('A message is cut off in a number')
      byte = bytes[this.#at++]!
      value += (byte & 0x7f) * factor
      factor *= 0x80
    } while (byte >= 0x80 && factor < 2 ** 64)
    if (byte >= 0x80 || value > Number.MAX_SAFE_INTEGER) {
      throw new MessageError('A number in a message is larger than 2^53')
    }
    return value
  }

  fixed64(): bigint {
    const at = this.#advance(8)
    return this.#view.getBigUint64(at, true)
  }

  /** A view of the message's own bytes. */
  view(): Uint8Array {
    const length = this.varint()
    const at = this.#advance(length)
    const { buffer, byteOffset } = this.bytes
    return new Uint8Array(buffer as ArrayBuffer, byteOffset + at, length)
  }

  string(): string {
    const length = this.varint()
    const at = this.#advance(length)
    const { bytes } = this
    // Names are short and mostly ASCII, which is quicker without a decoder.
    if (length <= 24) {
      let text = ''
      for (let index = at; index < at + length; index++) {
        const byte = bytes[index]!
        if (byte >= 0x80) return decode(bytes.subarray(at, at + length))
        text += String.fromCharCode(byte)
      }
      return text
    }
    return decode(bytes.subarray(at, at + length))
  }

  bool(): boolean {
    return this.varint() !== 0
  }

  /** Goes into a message that is a field; `leave` with what this returns goes on behind it. */
  enter(): number {
    const length = this.varint()
    const outer = this.#end
    const at = this.#advance(length)
    this.#at = at
    this.#end = at + length
    return outer
  }

  leave(outer: number): void {
    this.#at = this.#end
    this.#end = outer
  }

  /** Numbers of a repeated field, packed or not. */
  varints(tag: number, into: number[]): void {
    if ((tag & 7) === wireType.varint) into.push(this.varint())
    else if ((tag & 7) === wireType.bytes) {
      const outer = this.enter()
      while (this.#at < this.#end) into.push(this.varint())
      this.leave(outer)
    } else this.skip(tag)
  }

  /** Passes over a field that is not known. */
  skip(tag: number): void {
    switch (tag & 7) {
      case wireType.varint:
        // One that is too large for us to read may still be passed over.
        do {
          if (this.#at >= this.#end) throw new MessageError('A message is cut off in a number')
        } while (this.bytes[this.#at++]! >= 0x80)
        return
      case wireType.fixed64:
        this.#advance(8)
        return
      case wireType.bytes:
        this.#advance(this.varint())
        return
      case wireType.fixed32:
        this.#advance(4)
        return
      default:
        throw new MessageError(`A field of a message has the wire type ${tag & 7}`)
    }
  }

  #advance(length: number): number {
    const at = this.#at
    if (length > this.#end - at) throw new MessageError('A message is cut off')
    this.#at = at + length
    return at
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new MessageError('A text in a message is no UTF-8', { cause })
  }
}
