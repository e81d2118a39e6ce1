/** How the end of bulk data that failed is said: the code of an error and its message. */
import { GoetheError, type GoetheErrorCode, errorCodes, isGoetheError } from '@goethe/core'
import { ByteWriter } from '../byte-writer.js'
import { readFrame } from './hello.js'

/** Bytes that wait on either side at most, beyond one piece, so that making and taking overlap. */
export const fetchAheadBytes = 2 ** 20

export function encodeFetchError(error: unknown): Buffer {
  const writer = new ByteWriter()
  writer.text(isGoetheError(error) ? error.code : 'GOETHE_INTERNAL')
  writer.text((error instanceof Error ? error.message : String(error)).slice(0, 300))
  return writer.finish()
}

/** Throws FrameError. */
export function decodeFetchError(member: string, body: Uint8Array): GoetheError {
  const [code, message] = readFrame(body, 'an error', (reader) => [reader.text(), reader.text()])
  const known = code! in errorCodes ? (code as GoetheErrorCode) : 'GOETHE_INTERNAL'
  return new GoetheError(known, `Member ${member} says: ${message}`)
}
