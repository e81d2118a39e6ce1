/**
 * What is asked of the leader in the name of a caller, and what it answers, as bytes:
 *
 *     request   1  length of the path   …  path of the method, such as /goethe.v1.EventLog/Append
 *               …  its request
 *     answer    1  0 done, 1 refused    8  last entry that readers of the leader see, little-endian
 *               …  the method's response, or a goethe.v1.Error
 *
 * The messages are those of the gRPC service, so that there is one form of each.
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

export interface ForwardedAnswer {
  readonly appliedLsn: number
  readonly outcome: Uint8Array | GoetheError
}

export function encodeRequest<Request>(
  { path, request }: Pick<Method<Request, unknown>, 'path' | 'request'>,
  value: Request,
): Uint8Array {
  const name = Buffer.from(path)
  return Buffer.concat([Buffer.of(name.length), name, request.encode(value)])
}

/** Throws GOETHE_INVALID_ARGUMENT. */
export function decodeRequest(bytes: Uint8Array): { path: string; request: Uint8Array } {
  const end = 1 + (bytes[0] ?? 0)
  if (end === 1 || bytes.length < end) throw noSuch('request of another member')
  const path = Buffer.from(bytes.buffer, bytes.byteOffset + 1, end - 1).toString()
  return { path, request: bytes.subarray(end) }
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
  if (bytes.length < answerHeadBytes) throw noSuch('answer of another member')
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, answerHeadBytes)
  const appliedLsn = Number(head.readBigUInt64LE(1))
  const rest = bytes.subarray(answerHeadBytes)
  if (head[0] === 0) return { appliedLsn, outcome: rest }
  return { appliedLsn, outcome: errorFromMessage(errorCodec.decode(rest)) }
}

function noSuch(what: string): GoetheError {
  return new GoetheError(
    'GOETHE_INVALID_ARGUMENT',
    `These bytes are no ${what}: they end too early`,
  )
}
