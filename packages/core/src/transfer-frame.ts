/**
 * The frames of an export. Each is its type (1 byte), the length of its content (4 bytes
 * little-endian), the content, and a CRC-32 of all of that. Text and numbers in it are those of
 * records; blocks are the stored bytes.
 *
 *     header    'goethe-export', version, log id, after, last id
 *     topic     name, the stored record
 *     commit    id, number of blocks, for each: topic, bytes
 *     cursor    topic, consumer, the stored record
 *     producer  topic, producer id, the stored record
 *     end       number of events, number of payload bytes, last id
 */
import { crc32 } from './crc32.js'
import { ArgumentError, GoetheError, assert } from './errors.js'

const frameTypes = {
  header: 1,
  topic: 2,
  commit: 3,
  cursor: 4,
  producer: 5,
  end: 6,
} as const
export type FrameType = keyof typeof frameTypes

const headBytes = 5
const checksumBytes = 4
const contentBytesMax = 2 ** 31

export interface Frame {
  type: FrameType
  /** A sealed record: with a checksum of its own. */
  content: Uint8Array
}

export function encodeFrame({ type, content }: Frame): Uint8Array {
  assert(content.length < contentBytesMax, 'a frame holds one commit or one record')
  const bytes = new Uint8Array(headBytes + content.length + checksumBytes)
  const view = new DataView(bytes.buffer)
  bytes[0] = frameTypes[type]
  view.setUint32(1, content.length, true)
  bytes.set(content, headBytes)
  const checksumAt = headBytes + content.length
  view.setUint32(checksumAt, crc32(bytes.subarray(0, checksumAt)), true)
  return bytes
}

/** Frames from chunks of any size. Rejects with GOETHE_CORRUPT where the bytes are none. */
export async function* decodeFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const buffer = new ChunkBuffer()
  let at = 0
  for await (const chunk of source) {
    if (!(chunk instanceof Uint8Array)) {
      throw new ArgumentError('An export is read from an async iterable of Uint8Array')
    }
    buffer.push(chunk)
    for (let frame = nextFrame(buffer, at); frame !== undefined; frame = nextFrame(buffer, at)) {
      at += headBytes + frame.content.length + checksumBytes
      yield frame
    }
  }
  if (buffer.length > 0) {
    throw corrupt(at, `the export ends within a frame, ${buffer.length} bytes into it`)
  }
}

function nextFrame(buffer: ChunkBuffer, at: number): Frame | undefined {
  if (buffer.length < headBytes) return undefined
  const head = buffer.peek(headBytes)
  const type = Object.entries(frameTypes).find(([, number]) => number === head[0])?.[0]
  if (type === undefined) throw corrupt(at, 'there is no frame of an export')
  const length = new DataView(head.buffer, head.byteOffset).getUint32(1, true)
  if (length >= contentBytesMax) throw corrupt(at, `a frame of ${length} bytes is announced`)
  const total = headBytes + length + checksumBytes
  if (buffer.length < total) return undefined
  const bytes = buffer.take(total)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const checksumAt = total - checksumBytes
  if (view.getUint32(checksumAt, true) !== crc32(bytes.subarray(0, checksumAt))) {
    throw corrupt(at, 'the checksum of a frame does not fit its bytes')
  }
  return { type: type as FrameType, content: bytes.subarray(headBytes, checksumAt) }
}

function corrupt(at: number, what: string): GoetheError {
  return new GoetheError('GOETHE_CORRUPT', `At byte ${at} of the export: ${what}`)
}

/** Bytes that came in chunks, taken out in pieces of another size. */
class ChunkBuffer {
  #chunks: Uint8Array[] = []
  length = 0

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.length += chunk.length
  }

  peek(bytes: number): Uint8Array {
    if (this.#chunks[0]!.length < bytes) this.#join()
    return this.#chunks[0]!.subarray(0, bytes)
  }

  take(bytes: number): Uint8Array {
    if (this.#chunks[0]!.length < bytes) this.#join()
    const first = this.#chunks[0]!
    this.length -= bytes
    if (first.length === bytes) this.#chunks.shift()
    else this.#chunks[0] = first.subarray(bytes)
    return first.subarray(0, bytes)
  }

  #join(): void {
    const joined = new Uint8Array(this.length)
    let at = 0
    for (const chunk of this.#chunks) {
      joined.set(chunk, at)
      at += chunk.length
    }
    this.#chunks = [joined]
  }
}
