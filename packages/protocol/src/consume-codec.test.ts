import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { command, factsOf, report } from '../tests-support/arbitraries.js'
import { anyBytes, expectDecision } from '../tests-support/damage.js'
import { among, unknownFields } from '../tests-support/unknown-fields.js'
import {
  type ConsumeCommand,
  type ConsumeReport,
  decodeConsumeCommand,
  decodeConsumeReport,
  encodeConsumeCommand,
  encodeConsumeReport,
} from './consume-codec.js'
import { errorToMessage } from './error-details.js'
import {
  type ConsumeRequest,
  type ConsumeResponse,
  ConsumeRequestSchema,
  ConsumeResponseSchema,
} from './gen/goethe/v1/consume_pb.js'

describe('requests of Consume', () => {
  it('are read by protobuf-es as they were written by hand', () => {
    fc.assert(
      fc.property(command, (given) => {
        const message = fromBinary(ConsumeRequestSchema, encodeConsumeCommand(given))
        expect(message).toEqual(requestOf(given))
      }),
    )
  })

  it('are read by hand as protobuf-es wrote them, whatever else is in the message', () => {
    fc.assert(
      fc.property(command, unknownFields, (given, unknown) => {
        const bytes = toBinary(ConsumeRequestSchema, requestOf(given))
        expect(decodeConsumeCommand(bytes)).toEqual(given)
        expect(decodeConsumeCommand(among(unknown, bytes))).toEqual(given)
      }),
    )
  })

  it('have numbers packed or one by one', () => {
    const bytes = [0x18, 0x01, 0x1a, 0x02, 0x02, 0x03, 0x28, 0x96, 0x01, 0x30, 0x07, 0x18, 0x04]
    expect(decodeConsumeCommand(Uint8Array.from(bytes))).toMatchObject({
      acks: [1, 2, 3, 4],
      extends: [150],
      releases: [7],
    })
  })

  it('are passed over where a number has a wire type that numbers do not have', () => {
    const bytes = [0x1d, 0x01, 0x02, 0x03, 0x04, 0x18, 0x05]
    expect(decodeConsumeCommand(Uint8Array.from(bytes)).acks).toEqual([5])
  })

  it('are refused or read, wherever they are cut off', () => {
    fc.assert(
      fc.property(command, (given) => {
        const bytes = encodeConsumeCommand(given)
        for (let length = 0; length < bytes.length; length++) {
          expectDecision(decodeConsumeCommand, bytes.subarray(0, length))
        }
      }),
      { numRuns: 20 },
    )
  })

  it('are refused or read, whatever their bytes are', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expectDecision(decodeConsumeCommand, bytes)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('answers of Consume', () => {
  it('are read by protobuf-es as they were written by hand', () => {
    fc.assert(
      fc.property(report, (given) => {
        const message = fromBinary(ConsumeResponseSchema, encodeConsumeReport(given))
        expect(message).toEqual(responseOf(given))
      }),
    )
  })

  it('are read by hand as protobuf-es wrote them, whatever else is in the message', () => {
    fc.assert(
      fc.property(report, unknownFields, (given, unknown) => {
        const bytes = toBinary(ConsumeResponseSchema, responseOf(given))
        expect(comparable(decodeConsumeReport(bytes))).toEqual(comparable(given))
        expect(comparable(decodeConsumeReport(among(unknown, bytes)))).toEqual(comparable(given))
      }),
    )
  })

  it('are refused or read, wherever they are cut off', () => {
    fc.assert(
      fc.property(report, (given) => {
        const bytes = encodeConsumeReport(given)
        for (let length = 0; length < bytes.length; length++) {
          expectDecision((cut) => comparable(decodeConsumeReport(cut)), bytes.subarray(0, length))
        }
      }),
      { numRuns: 20 },
    )
  })

  it('are refused or read, whatever their bytes are', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expectDecision((given) => comparable(decodeConsumeReport(given)), bytes)
      }),
      { numRuns: 1000 },
    )
  })
})

function requestOf(given: ConsumeCommand): ConsumeRequest {
  const { open, credit, nacks } = given
  return create(ConsumeRequestSchema, {
    ...(open !== undefined && { open }),
    credit,
    acks: given.acks.map(BigInt),
    nacks: nacks.map(({ number, delayMs }) => ({
      number: BigInt(number),
      delayMs: BigInt(delayMs),
    })),
    extends: given.extends.map(BigInt),
    releases: given.releases.map(BigInt),
  })
}

function responseOf({ instance, deliveries, settlements }: ConsumeReport): ConsumeResponse {
  return create(ConsumeResponseSchema, {
    instance,
    deliveries: deliveries.map(({ number, sequence, ...rest }) => ({
      ...rest,
      number: BigInt(number),
      sequence: BigInt(sequence),
    })),
    settlements: settlements.map(({ numbers, error }) => ({
      numbers: numbers.map(BigInt),
      ...(error !== undefined && { error: errorToMessage(error) }),
    })),
  })
}

function comparable({ settlements, ...rest }: ConsumeReport): object {
  return {
    ...rest,
    settlements: settlements.map(({ numbers, error }) => ({
      numbers,
      error: error && factsOf(error),
    })),
  }
}
