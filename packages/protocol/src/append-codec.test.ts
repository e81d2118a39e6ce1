import type { AppendPart } from '@goethe/core/contract'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { part, streamedPart } from '../tests-support/arbitraries.js'
import { anyBytes, expectDecision } from '../tests-support/damage.js'
import { among, unknownFields } from '../tests-support/unknown-fields.js'
import {
  type StreamedAppend,
  appendRequestSize,
  decodeAppend,
  decodeAppends,
  encodeAppend,
  encodeAppends,
} from './append-codec.js'
import {
  type AppendRequest,
  AppendRequestSchema,
  AppendStreamRequestSchema,
} from './gen/goethe/v1/append_pb.js'
import { MessageError } from './message-reader.js'

const parts = fc.array(streamedPart, { maxLength: 4 })

describe('requests of appends', () => {
  it('are read by protobuf-es as they were written by hand', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const message = fromBinary(AppendStreamRequestSchema, encodeAppends(given))
        expect(message).toEqual(
          create(AppendStreamRequestSchema, { appends: given.map(messageOf) }),
        )
      }),
    )
  })

  it('are read by hand as protobuf-es wrote them, whatever else is in the message', () => {
    fc.assert(
      fc.property(parts, unknownFields, (given, unknown) => {
        const bytes = toBinary(
          AppendStreamRequestSchema,
          create(AppendStreamRequestSchema, { appends: given.map(messageOf) }),
        )
        expect(decodeAppends(bytes)).toEqual(given)
        expect(decodeAppends(among(unknown, bytes))).toEqual(given)
      }),
    )
  })

  it('are alike one by one', () => {
    fc.assert(
      fc.property(part, unknownFields, (given, unknown) => {
        const bytes = encodeAppend(given)
        expect(fromBinary(AppendRequestSchema, bytes)).toEqual(messageOf(given))
        expect(decodeAppend(among(unknown, bytes))).toEqual(given)
      }),
    )
  })

  it('have the size that was computed before', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const size = given.reduce((sum, one) => sum + appendRequestSize(one), 0)
        expect(encodeAppends(given)).toHaveLength(size)
      }),
    )
  })

  it('may have their fields in two pieces, which belong together', () => {
    const bytes = Uint8Array.from([
      ...encodeAppend(partWith({ expect: 7n, producer: { id: 'till', sequence: 0 } })),
      // An expectation without anything, and a producer with its sequence alone.
      ...[0x1a, 0x00, 0x22, 0x02, 0x10, 0x05],
    ])
    expect(decodeAppend(bytes)).toEqual(
      partWith({ expect: 7n, producer: { id: 'till', sequence: 5 } }),
    )
  })

  it('go no deeper than to what is appended along', () => {
    const one = (bytes: number[]): number[] => [0x32, bytes.length, ...bytes]
    expect(() => decodeAppends(framed(one(one([]))))).toThrow(MessageError)
    expect(() => decodeAppend(Uint8Array.from(one([])))).toThrow(MessageError)
    expect(decodeAppends(framed(one([])))[0]?.also).toHaveLength(1)
  })

  it('are refused or read, wherever they are cut off', () => {
    fc.assert(
      fc.property(parts, (given) => {
        const bytes = encodeAppends(given)
        for (let length = 0; length < bytes.length; length++) {
          expectDecision(decodeAppends, bytes.subarray(0, length))
        }
      }),
      { numRuns: 20 },
    )
  })

  it('are refused or read, whatever their bytes are', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expectDecision(decodeAppends, bytes)
        expectDecision(decodeAppend, bytes)
      }),
      { numRuns: 1000 },
    )
  })
})

/** An AppendStreamRequest of one append. */
function framed(request: number[]): Uint8Array {
  return Uint8Array.from([0x0a, request.length, ...request])
}

function partWith(fields: Partial<AppendPart>): AppendPart {
  return {
    topic: '',
    payloads: [],
    expect: undefined,
    producer: undefined,
    time: undefined,
    ...fields,
  }
}

function messageOf(given: StreamedAppend): AppendRequest {
  const { topic, payloads, expect: state, producer, time, also = [] } = given
  return create(AppendRequestSchema, {
    topic,
    payloads: [...payloads],
    ...(state !== undefined && { expect: { topic: expectationOf(state) } }),
    ...(producer && { producer: { id: producer.id, sequence: BigInt(producer.sequence) } }),
    ...(time !== undefined && { time }),
    also: also.map(messageOf),
  })
}

function expectationOf(state: NonNullable<AppendPart['expect']>) {
  if (state === 'empty') return { case: 'empty', value: true } as const
  if (typeof state === 'bigint') return { case: 'lastId', value: state } as const
  return { case: 'lastSequence', value: BigInt(state) } as const
}
