/**
 * What one atomic batch of the store above does, as bytes: the content of a journal entry. For each
 * operation: 1 byte of type (1 put, 2 delete), then key, then, for a put, value, each as its length
 * (a varint: LEB128, as in the log's records) and its bytes.
 */
import { GoetheError } from '@goethe/core'

export type Operation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

const put = 1
const del = 2
/** A length above this cannot be of bytes that this process holds. */
const lengthBytesMax = 5

/** Writes operations in their order. */
export function encodeOperations(operations: readonly Operation[]): Uint8Array {
  let length = 0
  for (const operation of operations) {
    length += 1 + sizeOf(operation.key)
    if (operation.type === 'put') length += sizeOf(operation.value)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const operation of operations) {
    bytes[at++] = operation.type === 'put' ? put : del
    at = write(bytes, at, operation.key)
    if (operation.type === 'put') at = write(bytes, at, operation.value)
  }
  return bytes
}

/**
 * The operations again; keys and values are views of `bytes`. Throws GOETHE_CORRUPT when they are
 * not what `encodeOperations` wrote.
 */
export function decodeOperations(bytes: Uint8Array): Operation[] {
  const reader = new Reader(bytes)
  const operations: Operation[] = []
  while (!reader.ended) {
    const type = reader.byte()
    if (type === put) operations.push({ type: 'put', key: reader.bytes(), value: reader.bytes() })
    else if (type === del) operations.push({ type: 'del', key: reader.bytes() })
    else throw corrupt(`there is no type ${type}`)
  }
  return operations
}

function sizeOf({ length }: Uint8Array): number {
  let size = 1
  for (let rest = length; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size + length
}

function write(bytes: Uint8Array, at: number, value: Uint8Array): number {
  let rest = value.length
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80
  bytes[at++] = rest
  bytes.set(value, at)
  return at + value.length
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length
  }

  byte(): number {
    if (this.ended) throw corrupt('they end within an operation')
    return this.#bytes[this.#at++]!
  }

  bytes(): Uint8Array {
    const length = this.#length()
    const end = this.#at + length
    if (end > this.#bytes.length) throw corrupt('they end within a key or a value')
    const value = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return value
  }

  #length(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < lengthBytesMax; count++) {
      const part = this.byte()
      value += (part & 0x7f) * scale
      if (part < 0x80) return value
      scale *= 0x80
    }
    throw corrupt('a length does not end')
  }
}

function corrupt(what: string): GoetheError {
  return new GoetheError('GOETHE_CORRUPT', `Bytes are not the operations of a batch: ${what}`)
}
