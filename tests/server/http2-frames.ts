/** Frames of HTTP/2 (RFC 9113) as bytes, right ones and wrong ones. */

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8 } as const

export interface FrameParts {
  flags?: number
  stream?: number
  payload?: Uint8Array
  /** What the head says; default: what is true. */
  length?: number
}

export function frame(
  type: number,
  { flags = 0, stream = 0, payload = new Uint8Array(0), length = payload.length }: FrameParts = {},
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** What a client says first. */
export const opening = Buffer.concat([preface, frame(frameType.settings)])

/** Fields of a header, each literal and not remembered (RFC 7541, 6.2.2). */
export function headerBlock(fields: Iterable<readonly [name: string, value: string]>): Buffer {
  const parts: Buffer[] = []
  for (const [name, value] of fields) {
    parts.push(Buffer.from([0]), literal(name), literal(value))
  }
  return Buffer.concat(parts)
}

/** A field that the table remembers, so that one byte names it again (RFC 7541, 6.2.1). */
export function rememberedField(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x40]), literal(name), literal(value)])
}

/** What the table remembers last. */
export const lastRemembered = 0x80 | 62

/** The header of a call of gRPC. */
export function callHeader(
  path: string,
  more: readonly (readonly [string, string])[] = [],
): Buffer {
  return headerBlock([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'localhost'],
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
    ...more,
  ])
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([integer(bytes.length), bytes])
}

/** With a prefix of 7 bits (RFC 7541, 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value])
  const bytes = [127]
  let rest = value - 127
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, rest])
}
