/**
 * Requests that another member is to carry out, many at a time on one connection. What they and their
 * answers say is between those who ask and answer. The bodies of the frames:
 *
 *     request   8  number, new on this connection    …  what is asked
 *     answer    8  number of the request             …  the answer
 *     error     8  number of the request             …  code and message, as for bulk data
 *     cancel    8  number of the request: nobody wants the answer any more
 *
 * Answers come in any order, one for each request that was not cancelled, or that was cancelled too
 * late. Numbers are little-endian.
 */
import { ByteWriter } from '../byte-writer.js'
import { readFrame } from './hello.js'

const numberBytes = 8

/** What a frame has beyond the request or the answer. */
export const forwardOverheadBytes = numberBytes

/** What stands before a request, or an answer. */
export function encodeNumber(number: number): Buffer {
  const writer = new ByteWriter(numberBytes)
  writer.number(number)
  return writer.finish()
}

/** The number, and a view of what follows it. Throws FrameError. */
export function decodeNumbered(body: Uint8Array): { number: number; rest: Uint8Array } {
  return readFrame(body, 'a request or its answer', (reader) => ({
    number: reader.number(),
    rest: reader.bytes(reader.left),
  }))
}
