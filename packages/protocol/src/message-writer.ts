/** Writes protobuf messages whose size was computed before, into one array. */

const encoder = new TextEncoder()

export class MessageWriter {
  readonly bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(size: number) {
    this.bytes = new Uint8Array(size)
    this.#view = new DataView(this.bytes.buffer)
  }

  varint(value: number): this {
    const { bytes } = this
    let rest = value
    while (rest >= 0x80) {
      bytes[this.#at++] = (rest % 0x80) | 0x80
      rest = rest < 2 ** 31 ? rest >>> 7 : Math.floor(rest / 0x80)
    }
    bytes[this.#at++] = rest
    return this
  }

  fixed64(value: bigint): this {
    this.#view.setBigUint64(this.#at, value, true)
    this.#at += 8
    return this
  }

  raw(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.#at)
    this.#at += bytes.length
    return this
  }

  /** A field of a number; none for 0. */
  varintField(tag: number, value: number): this {
    return value === 0 ? this : this.varint(tag).varint(value)
  }

  bytesField(tag: number, bytes: Uint8Array): this {
    return this.varint(tag).varint(bytes.length).raw(bytes)
  }

  fixed64Field(tag: number, value: bigint): this {
    return this.varint(tag).fixed64(value)
  }
}

/** Bytes of a number. */
export function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

/** Bytes of a field of a number with a tag of one byte; none for 0. */
export function varintFieldSize(value: number): number {
  return value === 0 ? 0 : 1 + varintSize(value)
}

/** Bytes of a field of so many bytes with a tag of one byte. */
export function bytesFieldSize(length: number): number {
  return 1 + varintSize(length) + length
}

/** The UTF-8 of names, which come again and again. */
export class NameCache {
  readonly #known = new Map<string, Uint8Array>()

  bytes(name: string): Uint8Array {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const bytes = encoder.encode(name)
    if (this.#known.size >= namesMax) this.#known.clear()
    this.#known.set(name, bytes)
    return bytes
  }
}

const namesMax = 1024
