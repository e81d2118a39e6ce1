import { GoetheError, type Receipt } from '@goethe/core'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { error, factsOf, receipt, streamedReceipt } from '../tests-support/arbitraries.js'
import { anyBytes, expectDecision } from '../tests-support/damage.js'
import { among, unknownFields } from '../tests-support/unknown-fields.js'
import { receiptToMessage } from './convert.js'
import { errorToMessage } from './error-details.js'
import {
  type AppendResult,
  type Receipt as ReceiptMessage,
  AppendResponseSchema,
  AppendResultSchema,
  AppendStreamResponseSchema,
} from './gen/goethe/v1/append_pb.js'
import { MessageError } from './message-reader.js'
import {
  type AppendOutcome,
  type StreamedReceipt,
  decodeOutcomes,
  decodeReceipt,
  encodeOutcomes,
  encodeReceipt,
} from './outcome-codec.js'

const outcomes = fc.array(fc.oneof(streamedReceipt, error), { maxLength: 5 })

describe('answers to appends', () => {
  it('are read by protobuf-es as they were written by hand', () => {
    fc.assert(
      fc.property(outcomes, (given) => {
        const message = fromBinary(AppendStreamResponseSchema, encodeOutcomes(given))
        expect(message.results).toEqual(given.map(messageOf))
      }),
    )
  })

  it('are read by hand as protobuf-es wrote them, whatever else is in the message', () => {
    fc.assert(
      fc.property(outcomes, unknownFields, (given, unknown) => {
        const bytes = toBinary(
          AppendStreamResponseSchema,
          create(AppendStreamResponseSchema, { results: given.map(messageOf) }),
        )
        const read = decodeOutcomes(among(unknown, bytes))
        expect(read.map(comparable)).toEqual(given.map(comparable))
      }),
    )
  })

  it('are one for each result, also for those that nobody understands', () => {
    const later = Uint8Array.from([0x1a, 0x02, 0x01, 0x01])
    const known = encodeOutcomes([receiptOf(1)]).subarray(2)
    const both = Uint8Array.from([...known, 0x12, 0x00])
    const bytes = Uint8Array.from([later, known, both, known].flatMap(framed))
    const read = decodeOutcomes(bytes)
    expect(read.map((outcome) => ('code' in outcome ? outcome.code : outcome.count))).toEqual([
      'GOETHE_INTERNAL',
      1,
      'GOETHE_INTERNAL',
      1,
    ])
  })

  it('are alike one by one', () => {
    fc.assert(
      fc.property(receipt, unknownFields, (given, unknown) => {
        const bytes = encodeReceipt(given)
        const message = create(AppendResponseSchema, { receipt: receiptToMessage(given) })
        expect(fromBinary(AppendResponseSchema, bytes)).toEqual(message)
        expect(decodeReceipt(toBinary(AppendResponseSchema, message))).toEqual(given)
        expect(decodeReceipt(among(unknown, bytes))).toEqual(given)
      }),
    )
  })

  it('are no receipt where there is none', () => {
    expect(() => decodeReceipt(new Uint8Array(0))).toThrow(MessageError)
    // Field 2 of an answer may come to mean something, which is no error of an append.
    expect(() => decodeReceipt(Uint8Array.from([0x12, 0x00]))).toThrow(MessageError)
  })

  it('are refused or read, wherever they are cut off', () => {
    fc.assert(
      fc.property(outcomes, (given) => {
        const bytes = encodeOutcomes(given)
        for (let length = 0; length < bytes.length; length++) {
          expectDecision(decodeOutcomes, bytes.subarray(0, length))
        }
      }),
      { numRuns: 20 },
    )
  })

  it('are refused or read, whatever their bytes are', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expectDecision(decodeOutcomes, bytes)
        expectDecision(decodeReceipt, bytes)
      }),
      { numRuns: 1000 },
    )
  })
})

function messageOf(outcome: AppendOutcome): AppendResult {
  const result =
    outcome instanceof GoetheError
      ? ({ case: 'error', value: errorToMessage(outcome) } as const)
      : ({ case: 'receipt', value: receiptMessageOf(outcome) } as const)
  return create(AppendResultSchema, { result })
}

function receiptMessageOf({ also = [], ...receipt }: StreamedReceipt): ReceiptMessage {
  return { ...receiptToMessage(receipt), also: also.map(receiptToMessage) }
}

function comparable(outcome: AppendOutcome): object {
  return outcome instanceof GoetheError ? factsOf(outcome) : outcome
}

function receiptOf(count: number): Receipt {
  return {
    topic: '',
    firstId: 1n,
    lastId: BigInt(count),
    firstSequence: 1,
    lastSequence: count,
    count,
    durability: 'fsync',
    repeated: false,
  }
}

function framed(result: Uint8Array): number[] {
  return [0x0a, result.length, ...result]
}
