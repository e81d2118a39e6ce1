import { ArgumentError, GoetheError } from '@goethe/core'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { AnySchema, anyPack } from '@bufbuild/protobuf/wkt'
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { error, factsOf, text } from '../tests-support/arbitraries.js'
import { anyBytes } from '../tests-support/damage.js'
import {
  decodeError,
  encodeErrorDetails,
  errorFromMessage,
  errorToMessage,
  goetheError,
} from './error-details.js'
import { codeOfStatus, grpcStatus, grpcStatusOf } from './error-status.js'
import { ErrorSchema } from './gen/goethe/v1/error_pb.js'

describe('errors on the wire', () => {
  it('arrive with their code, message and facts, in a message and in the trailer', () => {
    fc.assert(
      fc.property(error, (given) => {
        const bytes = toBinary(ErrorSchema, errorToMessage(given))
        expect(factsOf(errorFromMessage(fromBinary(ErrorSchema, bytes)))).toEqual(factsOf(given))
        const trailer = encodeErrorDetails(given)
        expect(factsOf(decodeError(grpcStatus.unknown, '', trailer))).toEqual(factsOf(given))
      }),
    )
  })

  it('round a delay up to whole milliseconds', () => {
    const given = new GoetheError('GOETHE_LIMIT', '', { details: { retryDelayMs: 0.2 } })
    expect(errorFromMessage(errorToMessage(given)).details.retryDelayMs).toBe(1)
  })

  it('of a code that is not known are internal, and name it', () => {
    fc.assert(
      fc.property(text, text, (code, message) => {
        fc.pre(!code.startsWith('GOETHE_'))
        const given = create(ErrorSchema, { code, message, topic: 'orders' })
        const read = errorFromMessage(given)
        expect(read.code).toBe('GOETHE_INTERNAL')
        expect(read.message).toBe(`${code}: ${message}`)
        expect(read.details.topic).toBe('orders')
      }),
    )
    // Names of what every object has are no codes.
    expect(errorFromMessage(create(ErrorSchema, { code: 'toString' })).code).toBe('GOETHE_INTERNAL')
  })

  it('are in the trailer as google.rpc.Status says', () => {
    const given = new GoetheError('GOETHE_CONFLICT', 'Too late', { details: { lastSequence: 3 } })
    const reader = new BinaryReader(encodeErrorDetails(given))
    expect(reader.tag()).toEqual([1, WireType.Varint])
    expect(reader.int32()).toBe(grpcStatusOf('GOETHE_CONFLICT'))
    expect(reader.tag()).toEqual([2, WireType.LengthDelimited])
    expect(reader.string()).toBe('Too late')
    expect(reader.tag()).toEqual([3, WireType.LengthDelimited])
    const any = fromBinary(AnySchema, reader.bytes())
    expect(any).toEqual(anyPack(ErrorSchema, errorToMessage(given)))
    expect(reader.pos).toBe(reader.len)
  })

  it('are found among other details', () => {
    const given = new GoetheError('GOETHE_FENCED', 'Taken over')
    const other = anyPack(AnySchema, create(AnySchema))
    const before = new BinaryWriter()
      .tag(3, WireType.LengthDelimited)
      .bytes(toBinary(AnySchema, other))
      .finish()
    const trailer = Uint8Array.from([...before, ...encodeErrorDetails(given)])
    expect(decodeError(grpcStatus.unknown, '', trailer).code).toBe('GOETHE_FENCED')
  })
})

describe('the error of a call that failed', () => {
  it('follows from its status where there is no trailer', () => {
    for (const status of Object.values(grpcStatus)) {
      const read = decodeError(status, 'from a proxy')
      expect(read.code).toBe(codeOfStatus(status))
      expect(read.message).toBe('from a proxy')
    }
  })

  it('follows from its status or a part of the trailer where that is cut off', () => {
    fc.assert(
      fc.property(error, (given) => {
        const trailer = encodeErrorDetails(given)
        for (let length = 0; length < trailer.length; length++) {
          const read = decodeError(grpcStatus.unavailable, 'gone', trailer.subarray(0, length))
          expect(read.code).toBe('GOETHE_UNAVAILABLE')
          expect(read.message).toBe('gone')
        }
      }),
      { numRuns: 20 },
    )
  })

  it('follows from its status where the trailer is anything else', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(decodeError(grpcStatus.unavailable, 'gone', bytes).code).toBe('GOETHE_UNAVAILABLE')
      }),
      { numRuns: 1000 },
    )
  })
})

describe('an error as a GoetheError', () => {
  it('is itself where it is one', () => {
    const given = new GoetheError('GOETHE_FENCED', 'Taken over')
    expect(goetheError(given)).toBe(given)
  })

  it('is a wrong argument where it is an ArgumentError', () => {
    const given = new ArgumentError('A topic is a string')
    expect(goetheError(given)).toMatchObject({
      code: 'GOETHE_INVALID_ARGUMENT',
      message: 'A topic is a string',
      cause: given,
    })
  })

  it('tells nothing of a defect', () => {
    for (const defect of [new Error('secret'), new TypeError('secret'), 'secret']) {
      const { code, message } = goetheError(defect)
      expect(code).toBe('GOETHE_INTERNAL')
      expect(message).not.toContain('secret')
    }
  })
})
