// The packed form of a file of commits. One after the other, and compressed together with brotli:
//
//     head       one line of JSON: format, number of events, specversion, type, names of the sources
//     sources    for each event 1 byte, the place of its source in the list of names
//     parents    for each event 1 byte, how many parents the commit has
//     times      for each event a varint (LEB128), seconds since the event before it; the first
//                one since 1970
//     ids        for each event the 6 bytes of its 12 hexadecimal digits
//
// Columns of like values compress better than lines. The ids are random and do not compress at all:
// they are three quarters of the file. `decode` gives the lines back as they were, byte by byte.
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'

const format = 'goethe-commits-1'
const sourcesMax = 256
const parentsMax = 255
const idBytes = 6

/**
 * One commit as a CloudEvent.
 *
 * @typedef {{
 *   specversion: string, type: string, source: string, id: string, time: string,
 *   data: { parents: number },
 * }} CommitEvent
 */

/**
 * @param {readonly string[]} lines one CloudEvent each
 * @returns {Buffer}
 */
export function encode(lines) {
  const events = lines.map((line, index) => parse(line, index + 1))
  const [first] = events
  if (first === undefined) throw new Error('There are no events to pack')
  const { specversion, type } = first
  const sources = [...new Set(events.map(({ source }) => source))]
  if (sources.length > sourcesMax) throw new Error(`More than ${sourcesMax} sources`)
  const head = { format, count: events.length, specversion, type, sources }
  const ids = Buffer.from(events.map(({ id }) => id).join(''), 'hex')
  const packed = Buffer.concat([
    Buffer.from(`${JSON.stringify(head)}\n`),
    Buffer.from(events.map(({ source }) => sources.indexOf(source))),
    Buffer.from(events.map(({ data }) => data.parents)),
    encodeTimes(events.map(({ time }) => Date.parse(time) / 1000)),
    ids,
  ])
  const bytes = brotliCompressSync(packed, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: packed.length,
    },
  })
  let index = 0
  for (const line of decode(bytes)) {
    if (line !== lines[index++]) throw new Error(`Line ${index} would not come back as it was`)
  }
  return bytes
}

/**
 * @param {Uint8Array} bytes
 * @returns {Generator<string>} the lines, without their ends
 */
export function* decode(bytes) {
  const packed = brotliDecompressSync(bytes)
  const headEnd = packed.indexOf('\n')
  const head = JSON.parse(packed.subarray(0, headEnd).toString())
  if (head.format !== format) throw new Error(`A file of ${format} was expected`)
  const { count, specversion, type, sources } = head
  const sourcesAt = headEnd + 1
  const parentsAt = sourcesAt + count
  let timesAt = parentsAt + count
  let idsAt = packed.length - count * idBytes
  let seconds = 0
  for (let index = 0; index < count; index++) {
    const delta = decodeVarint(packed, timesAt)
    timesAt = delta.end
    seconds += delta.value
    const source = sources[packed[sourcesAt + index] ?? 0]
    const id = packed.toString('hex', idsAt, (idsAt += idBytes))
    const time = new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
    const data = { parents: packed[parentsAt + index] }
    yield JSON.stringify({ specversion, type, source, id, time, data })
  }
}

/**
 * @param {string} line
 * @param {number} number
 * @returns {CommitEvent}
 */
function parse(line, number) {
  const event = JSON.parse(line)
  if (!(event.data.parents >= 0 && event.data.parents <= parentsMax)) {
    throw new Error(`Line ${number}: more than ${parentsMax} parents`)
  }
  return event
}

/** @param {readonly number[]} times seconds, ascending */
function encodeTimes(times) {
  /** @type {number[]} */
  const bytes = []
  let before = 0
  for (const time of times) {
    let delta = time - before
    if (!(delta >= 0)) throw new Error('The events are not in the order of their times')
    before = time
    while (delta >= 0x80) {
      bytes.push((delta % 0x80) | 0x80)
      delta = Math.floor(delta / 0x80)
    }
    bytes.push(delta)
  }
  return Buffer.from(bytes)
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 */
function decodeVarint(bytes, at) {
  let value = 0
  let scale = 1
  for (;;) {
    const part = bytes[at++] ?? 0
    value += (part & 0x7f) * scale
    if (part < 0x80) return { value, end: at }
    scale *= 0x80
  }
}
