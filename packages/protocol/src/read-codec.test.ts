import { Block, BlockError, BlockRange } from '@goethe/core/contract'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { block, readMessage } from '../tests-support/arbitraries.js'
import { anyBytes, expectDecision } from '../tests-support/damage.js'
import { among, unknownFields } from '../tests-support/unknown-fields.js'
import { type ReadResponse, EventBlockSchema, ReadResponseSchema } from './gen/goethe/v1/read_pb.js'
import { type ReadMessage, decodeRead, encodeRead } from './read-codec.js'

describe('answers of Read', () => {
  it('are read by protobuf-es as they were written by hand', () => {
    fc.assert(
      fc.property(readMessage, (given) => {
        expect(fromBinary(ReadResponseSchema, encodeRead(given))).toEqual(messageOf(given))
      }),
    )
  })

  it('are read by hand as protobuf-es wrote them, whatever else is in the message', () => {
    fc.assert(
      fc.property(readMessage, unknownFields, (given, unknown) => {
        const bytes = toBinary(ReadResponseSchema, messageOf(given))
        expect(comparable(decodeRead(bytes))).toEqual(comparable(given))
        expect(comparable(decodeRead(among(unknown, bytes)))).toEqual(comparable(given))
      }),
    )
  })

  it('carry blocks untouched', () => {
    fc.assert(
      fc.property(block, (given) => {
        const bytes = encodeRead({
          ranges: [new BlockRange(given, 0, given.count)],
          beganAfter: undefined,
        })
        expect(decodeRead(bytes).ranges[0]?.block.bytes).toEqual(given.bytes)
      }),
    )
  })

  it('are refused where a bit of a block has changed', () => {
    fc.assert(
      fc.property(block, fc.nat(), fc.nat(7), (given, place, bit) => {
        const bytes = Uint8Array.from(given.bytes)
        bytes[place % bytes.length]! ^= 1 << bit
        const changed = new Block(given.topic, bytes)
        const range = new BlockRange(changed, 0, changed.count)
        expect(() => decodeRead(encodeRead({ ranges: [range], beganAfter: undefined }))).toThrow(
          BlockError,
        )
      }),
    )
  })

  it('are refused where a range lies outside of its block, or has none', () => {
    fc.assert(
      fc.property(block, (given) => {
        const { count } = given
        for (const [from, to] of [
          [0, count + 1],
          [count + 1, count + 1],
          [count, count - 1],
        ] as const) {
          const bytes = toBinary(ReadResponseSchema, messageOfRange(given, from, to))
          expect(() => decodeRead(bytes)).toThrow(BlockError)
        }
      }),
      { numRuns: 20 },
    )
    expect(() => decodeRead(Uint8Array.from([0x0a, 0x00]))).toThrow(BlockError)
  })

  it('are refused or read, wherever they are cut off', () => {
    fc.assert(
      fc.property(readMessage, (given) => {
        const bytes = encodeRead(given)
        for (let length = 0; length < bytes.length; length++) {
          expectDecision((cut) => comparable(decodeRead(cut)), bytes.subarray(0, length))
        }
      }),
      { numRuns: 20 },
    )
  })

  it('are refused or read, whatever their bytes are', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expectDecision((given) => comparable(decodeRead(given)), bytes)
      }),
      { numRuns: 1000 },
    )
  })
})

function messageOf({ ranges, beganAfter }: ReadMessage): ReadResponse {
  return create(ReadResponseSchema, {
    blocks: ranges.map(({ block: { topic, bytes, count }, from, to }) => ({
      topic,
      block: fromBinary(EventBlockSchema, bytes),
      from,
      ...(to < count && { to }),
    })),
    ...(beganAfter !== undefined && { beganAfter }),
  })
}

function messageOfRange({ topic, bytes }: Block, from: number, to: number): ReadResponse {
  const blocks = [{ topic, block: fromBinary(EventBlockSchema, bytes), from, to }]
  return create(ReadResponseSchema, { blocks })
}

function comparable({ ranges, beganAfter }: ReadMessage): object {
  return {
    beganAfter,
    ranges: ranges.map((range) => ({ from: range.from, to: range.to, events: range.events() })),
  }
}
