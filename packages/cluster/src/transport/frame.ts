/**
 * How messages lie on a connection:
 *
 *     4  bytes of the body, little-endian
 *     1  kind
 *     4  CRC-32 of those 5 bytes and the body; 0 over TLS, which has a stronger one
 *     …  body
 */
import { crc32 } from 'node:zlib'

export const frameHeaderBytes = 9
const checkedBytes = 5

export type FrameKind = keyof typeof frameKinds

export const frameKinds = {
  hello: 1,
  proof: 2,
  /** Why the connection is closed: a text for people, behind a word. */
  refuse: 3,
  /** The id of the dialer's cluster, once it knows it; the acceptor compares. */
  cluster: 4,
  message: 5,
  /** Somebody is there. */
  alive: 6,
  /** What bulk data is wanted, or what is to be done. */
  request: 7,
  /** A piece of bulk data. */
  chunk: 8,
  /** All of the bulk data came before. */
  end: 9,
  /** No more bulk data comes, or a request was not carried out: a code and a message. */
  error: 10,
  /** What became of a request that another member has carried out. */
  answer: 11,
  /** Nobody wants the answer to a request any more. */
  cancel: 12,
  /** A frame takes long to come, and more of it has come. */
  receiving: 13,
} as const

const kindNames = new Map(
  Object.entries(frameKinds).map(([name, kind]) => [kind as number, name as FrameKind]),
)

/** Parts smaller than this are put together: a copy is cheaper than one more part of a write. */
const gatherBytes = 16 * 1024

/** A frame as buffers to be written one after the other; large parts are not copied. */
export function encodeFrame(
  kind: FrameKind,
  parts: readonly Uint8Array[],
  checksum: boolean,
): Buffer[] {
  let length = 0
  for (const part of parts) length += part.length
  const small = length <= gatherBytes
  const header = Buffer.allocUnsafe(frameHeaderBytes + (small ? length : 0))
  header.writeUInt32LE(length, 0)
  header[4] = frameKinds[kind]
  let crc = checksum ? crc32(header.subarray(0, checkedBytes)) : 0
  if (checksum) for (const part of parts) if (part.length > 0) crc = crc32(part, crc)
  header.writeUInt32LE(crc, checkedBytes)
  if (!small) return [header, ...gather(parts)]
  let at = frameHeaderBytes
  for (const part of parts) {
    header.set(part, at)
    at += part.length
  }
  return [header]
}

/** Thousands of small parts become few larger ones. */
function gather(parts: readonly Uint8Array[]): Buffer[] {
  const gathered: Buffer[] = []
  let run: Uint8Array[] = []
  let runBytes = 0
  const flush = (): void => {
    if (run.length > 0) gathered.push(run.length === 1 ? bufferOf(run[0]!) : Buffer.concat(run))
    run = []
    runBytes = 0
  }
  for (const part of parts) {
    if (part.length >= gatherBytes) {
      flush()
      gathered.push(bufferOf(part))
      continue
    }
    run.push(part)
    runBytes += part.length
    if (runBytes >= 4 * gatherBytes) flush()
  }
  flush()
  return gathered
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Bytes on the connection are no frames. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

/** Puts frames together out of what a socket reads. */
export class FrameReader {
  /** Largest body that is taken; a longer one is a FrameError before anything is kept of it. */
  bodyBytesMax: number
  readonly #checksum: boolean
  readonly #onFrame: (kind: FrameKind, body: Buffer) => void
  readonly #header = Buffer.alloc(frameHeaderBytes)
  #headerLength = 0
  #body: Buffer | undefined
  #bodyLength = 0
  #stopped = false

  constructor(
    bodyBytesMax: number,
    checksum: boolean,
    onFrame: (kind: FrameKind, body: Buffer) => void,
  ) {
    this.bodyBytesMax = bodyBytesMax
    this.#checksum = checksum
    this.#onFrame = onFrame
  }

  /** How much is here of a frame that is not complete; 0 between two. */
  get pendingBytes(): number {
    return this.#headerLength + (this.#body === undefined ? 0 : this.#bodyLength)
  }

  /** No frame is handed out any more, also not of the bytes at hand. */
  stop(): void {
    this.#stopped = true
    this.#body = undefined
  }

  /**
   * Bodies are views of `bytes` where they lie in it as a whole; true where there was none, so that
   * nobody needs it any more. Throws FrameError.
   */
  push(bytes: Buffer): boolean {
    let copied = true
    let at = 0
    while (!this.#stopped) {
      if (this.#body === undefined) {
        const taken = bytes.copy(this.#header, this.#headerLength, at)
        at += taken
        this.#headerLength += taken
        if (this.#headerLength < frameHeaderBytes) return copied
        const length = this.#checkedLength()
        if (bytes.length - at >= length) {
          this.#headerLength = 0
          copied = false
          this.#hand(bytes.subarray(at, at + length))
          at += length
          continue
        }
        this.#body = Buffer.allocUnsafeSlow(length)
        this.#bodyLength = 0
      }
      const body = this.#body
      const taken = bytes.copy(body, this.#bodyLength, at)
      at += taken
      this.#bodyLength += taken
      if (this.#bodyLength < body.length) return copied
      this.#headerLength = 0
      this.#body = undefined
      this.#hand(body)
    }
    return copied
  }

  #checkedLength(): number {
    const length = this.#header.readUInt32LE(0)
    if (!kindNames.has(this.#header[4]!)) {
      throw new FrameError(`There is no frame of kind ${this.#header[4]}`)
    }
    if (length > this.bodyBytesMax) {
      throw new FrameError(`A frame has ${length} bytes where ${this.bodyBytesMax} are the most`)
    }
    return length
  }

  #hand(body: Buffer): void {
    if (this.#checksum) {
      const crc = crc32(this.#header.subarray(0, checkedBytes))
      const found = body.length === 0 ? crc : crc32(body, crc)
      if (found !== this.#header.readUInt32LE(checkedBytes)) {
        throw new FrameError('The checksum of a frame does not agree with its bytes')
      }
    }
    this.#onFrame(kindNames.get(this.#header[4]!)!, body)
  }
}
