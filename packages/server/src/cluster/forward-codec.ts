/**
 * What is asked of the leader in the name of a caller, and what it answers, as bytes:
 *
 *     request   1  length of the path   …  path of the method, such as /goethe.v1.EventLog/Append
 *               …  headers of the span that it belongs to, or nothing
 *               …  its request
 *     answer    1  0 done, 1 refused    8  last entry that readers of the leader see, little-endian
 *               …  the method's response, or a goethe.v1.Error
 *
 * The messages are those of the gRPC service, so that there is one form of each. Headers are JSON in a
 * field of protobuf that no request has, number 2047: who does not know of it skips it.
 */
import { GoetheError } from '@goethe/core'
import {
  type Method,
  errorFromMessage,
  errorToMessage,
  messageCodec,
  messages,
} from '@goethe/protocol'

const errorCodec = messageCodec(messages.ErrorSchema)
const answerHeadBytes = 9

/** Names in lower case, as a caller may send them. */
export type SpanHeaders = Readonly<Record<string, string>>

export interface ForwardedRequest {
  readonly path: string
  readonly headers: SpanHeaders
  readonly request: Uint8Array
}

export interface ForwardedAnswer {
  readonly appliedLsn: number
  readonly outcome: Uint8Array | GoetheError
}

export function encodeRequest<Request>(
  { path, request }: Pick<Method<Request, unknown>, 'path' | 'request'>,
  value: Request,
  headers: SpanHeaders = {},
): Uint8Array {
  const name = Buffer.from(path)
  return Buffer.concat([
    Buffer.of(name.length),
    name,
    encodeHeaders(headers),
    request.encode(value),
  ])
}

/** Throws GOETHE_INVALID_ARGUMENT. */
export function decodeRequest(bytes: Uint8Array): ForwardedRequest {
  const end = 1 + (bytes[0] ?? 0)
  if (end === 1 || bytes.length < end) throw tooShort('request of another member')
  const path = Buffer.from(bytes.buffer, bytes.byteOffset + 1, end - 1).toString()
  return { path, ...decodeHeaders(bytes.subarray(end)) }
}

export function encodeAnswer({ appliedLsn, outcome }: ForwardedAnswer): Uint8Array {
  const refused = outcome instanceof GoetheError
  const head = Buffer.alloc(answerHeadBytes)
  head[0] = refused ? 1 : 0
  head.writeBigUInt64LE(BigInt(appliedLsn), 1)
  return Buffer.concat([head, refused ? errorCodec.encode(errorToMessage(outcome)) : outcome])
}

/** Throws GOETHE_INVALID_ARGUMENT, and what protobuf does for bytes that are no error. */
export function decodeAnswer(bytes: Uint8Array): ForwardedAnswer {
  if (bytes.length < answerHeadBytes) throw tooShort('answer of another member')
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, answerHeadBytes)
  const appliedLsn = Number(head.readBigUInt64LE(1))
  const rest = bytes.subarray(answerHeadBytes)
  if (head[0] === 0) return { appliedLsn, outcome: rest }
  return { appliedLsn, outcome: errorFromMessage(errorCodec.decode(rest)) }
}

/** Field 2047, of bytes, as protobuf writes it. Its length is two bytes more, of seven bits each. */
const headersTag = [0xfa, 0x7f]
const headersStart = 4
const headersBytesMax = 2 ** 14 - 1

/** More than fits is left out: it is not worth refusing a write. */
function encodeHeaders(headers: SpanHeaders): Uint8Array {
  const json = Buffer.from(JSON.stringify(headers))
  const { length } = json
  if (Object.keys(headers).length === 0 || length > headersBytesMax) return Buffer.alloc(0)
  return Buffer.concat([Buffer.of(...headersTag, 0x80 | (length & 0x7f), length >> 7), json])
}

function decodeHeaders(bytes: Uint8Array): Omit<ForwardedRequest, 'path'> {
  if (headersTag.some((byte, at) => bytes[at] !== byte)) return { headers: {}, request: bytes }
  const length = ((bytes[2] ?? 0) & 0x7f) | ((bytes[3] ?? 0) << 7)
  const end = headersStart + length
  if (bytes.length < end) throw tooShort('request of another member')
  const json = Buffer.from(bytes.buffer, bytes.byteOffset + headersStart, length).toString()
  return { headers: headersOf(json), request: bytes.subarray(end) }
}

/** What makes no sense names no span. */
function headersOf(json: string): SpanHeaders {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return {}
  }
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {})
  return Object.fromEntries(entries.filter(([, text]) => typeof text === 'string')) as SpanHeaders
}

function tooShort(what: string): GoetheError {
  return new GoetheError(
    'GOETHE_INVALID_ARGUMENT',
    `These bytes are no ${what}: they end too early`,
  )
}
