import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type Readable, addAbortSignal, pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { exitCode } from './exit-code.js'
import { Failure } from './failure.js'
import type { Shell } from './shell.js'

/** Bytes to read, unpacked where they were gzipped. */
export interface Input extends AsyncIterable<Uint8Array> {
  /** How they are called in messages. */
  readonly name: string
  /** Bytes of the file, packed as it may be; undefined for a pipe. */
  readonly sizeBytes: number | undefined
  /** Bytes taken from it so far. */
  readonly bytesRead: number
}

/** Opens a file, or standard input for `-`. Ends with the shell's signal. */
export async function openInput(shell: Shell, path: string): Promise<Input> {
  if (path === '-') return streamInput(shell.signal, 'standard input', undefined, shell.input)
  const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(path, cause)
  })
  if (info.isDirectory()) throw new Failure(`${path} is a directory, where a file was expected`)
  const size = info.isFile() ? info.size : undefined
  return streamInput(shell.signal, path, size, createReadStream(path))
}

/** The error of a file that cannot be read. */
export function unreadable(path: string, cause: NodeJS.ErrnoException): Failure {
  return cause.code === 'ENOENT'
    ? new Failure(`There is no file ${path}`, { exitCode: exitCode.notFound, cause })
    : new Failure(`${path} cannot be read: ${cause.message}`, { cause })
}

function streamInput(
  signal: AbortSignal,
  name: string,
  sizeBytes: number | undefined,
  stream: Readable,
): Input {
  const source: AsyncIterable<Uint8Array> = addAbortSignal(signal, stream)
  let bytesRead = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      bytesRead += chunk.length
      yield chunk
    }
  }
  async function* content(): AsyncGenerator<Uint8Array> {
    const raw = counted()
    const first = await raw.next()
    if (first.done) return
    const all = joined(first.value, raw)
    yield* isGzip(first.value) ? unpacked(all, name) : all
  }
  return {
    name,
    sizeBytes,
    get bytesRead() {
      return bytesRead
    },
    [Symbol.asyncIterator]: content,
  }
}

async function* joined(
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield first
  yield* rest
}

/** A pipe could give out a first byte alone, but none that exists does. */
function isGzip(chunk: Uint8Array): boolean {
  return chunk[0] === 0x1f && chunk[1] === 0x8b
}

async function* unpacked(
  packed: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip()
  pipeline(packed, gunzip, () => undefined)
  try {
    yield* gunzip as AsyncIterable<Uint8Array>
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? ''
    if (!code.startsWith('Z_')) throw cause
    throw new Failure(`${name} is damaged or was cut off: ${(cause as Error).message}`, { cause })
  }
}
