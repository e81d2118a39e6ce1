/**
 * Errors on the wire: inside a message as goethe.v1.Error, and for calls that fail in the trailer
 * `grpc-status-details-bin`, which holds a google.rpc.Status
 * (`{int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3}`).
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { ArgumentError, GoetheError, type GoetheErrorDetails } from '@goethe/core'
import { codeOfStatus, grpcStatusOf, isErrorCode } from './error-status.js'
import { type Error as ErrorMessage, ErrorSchema } from './gen/goethe/v1/error_pb.js'

/** The trailer of a failed call that says more than its status. */
export const detailsTrailer = 'grpc-status-details-bin'

const typeUrl = `type.googleapis.com/${ErrorSchema.typeName}`

/** Any error as a GoetheError: wrong arguments and defects have codes of their own on the wire. */
export function goetheError(error: unknown): GoetheError {
  if (error instanceof GoetheError) return error
  if (error instanceof ArgumentError) {
    return new GoetheError('GOETHE_INVALID_ARGUMENT', error.message, { cause: error })
  }
  return new GoetheError('GOETHE_INTERNAL', 'The server has a defect; its log says more', {
    cause: error,
  })
}

export function errorToMessage({ code, message, details }: GoetheError): ErrorMessage {
  const { topic = '', consumer = '', leader = '', leaderUrl = '', lastId } = details
  const { lastSequence, expectedSequence, retryDelayMs } = details
  return create(ErrorSchema, {
    code,
    message,
    topic,
    consumer,
    leader,
    leaderUrl,
    ...(lastId !== undefined && { lastId }),
    ...(lastSequence !== undefined && { lastSequence: BigInt(lastSequence) }),
    ...(expectedSequence !== undefined && { expectedSequence: BigInt(expectedSequence) }),
    ...(retryDelayMs !== undefined && { retryDelayMs: BigInt(Math.ceil(retryDelayMs)) }),
  })
}

/** A code that this version does not know becomes GOETHE_INTERNAL; its message names it. */
export function errorFromMessage(message: ErrorMessage): GoetheError {
  const details: GoetheErrorDetails = {}
  if (message.topic !== '') details.topic = message.topic
  if (message.consumer !== '') details.consumer = message.consumer
  if (message.leader !== '') details.leader = message.leader
  if (message.leaderUrl !== '') details.leaderUrl = message.leaderUrl
  if (message.lastId !== undefined) details.lastId = message.lastId
  if (message.lastSequence !== undefined) details.lastSequence = Number(message.lastSequence)
  if (message.expectedSequence !== undefined) {
    details.expectedSequence = Number(message.expectedSequence)
  }
  if (message.retryDelayMs !== undefined) details.retryDelayMs = Number(message.retryDelayMs)
  if (isErrorCode(message.code)) return new GoetheError(message.code, message.message, { details })
  return new GoetheError('GOETHE_INTERNAL', `${message.code}: ${message.message}`, { details })
}

/** The bytes of the trailer. */
export function encodeErrorDetails(error: GoetheError): Uint8Array {
  const any = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(typeUrl)
    .tag(2, WireType.LengthDelimited)
    .bytes(toBinary(ErrorSchema, errorToMessage(error)))
    .finish()
  return new BinaryWriter()
    .tag(1, WireType.Varint)
    .int32(grpcStatusOf(error.code))
    .tag(2, WireType.LengthDelimited)
    .string(error.message)
    .tag(3, WireType.LengthDelimited)
    .bytes(any)
    .finish()
}

/** The error of a call that failed, from its status and, where there is one, the trailer. */
export function decodeError(status: number, message: string, trailer?: Uint8Array): GoetheError {
  const known = trailer === undefined ? undefined : decodeErrorDetails(trailer)
  return known ?? new GoetheError(codeOfStatus(status), message)
}

function decodeErrorDetails(bytes: Uint8Array): GoetheError | undefined {
  try {
    for (const any of fieldsOf(bytes, 3)) {
      const [url] = fieldsOf(any, 1)
      const [value] = fieldsOf(any, 2)
      if (url === undefined || value === undefined) continue
      if (new TextDecoder().decode(url) === typeUrl) {
        return errorFromMessage(fromBinary(ErrorSchema, value))
      }
    }
  } catch {
    // Details that cannot be read are as good as none: the status is there.
  }
  return undefined
}

/** The length-delimited fields of a number. */
function fieldsOf(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const reader = new BinaryReader(bytes)
  const found: Uint8Array[] = []
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag()
    if (field === wanted && wireType === WireType.LengthDelimited) found.push(reader.bytes())
    else reader.skip(wireType, field)
  }
  return found
}
