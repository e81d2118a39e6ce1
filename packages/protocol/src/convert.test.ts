import {
  type CursorDescription,
  type EventPlace,
  type Position,
  type TopicDescription,
  type VerifyStep,
  LogEvent,
} from '@goethe/core'
import { dateOf } from '@goethe/core/contract'
import {
  type DescMessage,
  type MessageShape,
  create,
  fromBinary,
  toBinary,
} from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { id, number, payload, receipt, text } from '../tests-support/arbitraries.js'
import {
  bucketFromMessage,
  bucketToMessage,
  consistencyFromMessage,
  consistencyToMessage,
  cursorFromMessage,
  cursorPositionFromMessage,
  cursorPositionToMessage,
  cursorToMessage,
  durabilityFromMessage,
  eventFromMessage,
  eventToMessage,
  idOf,
  nearestFromMessage,
  nearestToMessage,
  positionFromMessage,
  positionToMessage,
  progressFromMessage,
  progressToMessage,
  receiptFromMessage,
  receiptToMessage,
  retentionFromMessage,
  retentionToMessage,
  selectorFromMessage,
  selectorToMessage,
  topicFromMessage,
  topicToMessage,
  trimFromMessage,
  trimToMessage,
  verifyFromMessage,
  verifyToMessage,
} from './convert.js'
import {
  DescribeTopicRequestSchema,
  DescribeTopicResponseSchema,
  HistogramBucketSchema,
  RetentionSchema,
  TrimTopicResponseSchema,
  VerifyResponseSchema,
} from './gen/goethe/v1/administration_pb.js'
import { Durability, ReceiptSchema } from './gen/goethe/v1/append_pb.js'
import {
  CursorDescriptionSchema,
  CursorPositionSchema,
  GetCursorRequestSchema,
} from './gen/goethe/v1/cursors_pb.js'
import {
  Consistency,
  EventSchema,
  Nearest,
  PositionSchema,
  ReadRequestSchema,
  SeekRequestSchema,
  SelectorSchema,
} from './gen/goethe/v1/read_pb.js'
import { TransferProgressSchema } from './gen/goethe/v1/transfer_pb.js'

/** What dates can be, from 1970 on. */
const date = fc.date({ min: new Date(0), noInvalidDate: true })
const place: fc.Arbitrary<EventPlace> = fc
  .record({ id, sequence: number })
  .map((fields) => ({ ...fields, time: dateOf(fields.id) }))
const retention = fc.record({ ageMs: number, bytes: number, count: number }, { requiredKeys: [] })
const cursorPosition = fc.record({ id, sequence: number, updatedAt: date })

/** Sends a value as a message, byte by byte. */
function sent<Value, Desc extends DescMessage, Read>(
  desc: Desc,
  toMessage: (value: Value) => MessageShape<Desc>,
  fromMessage: (message: MessageShape<Desc>) => Read,
): (value: Value) => Read {
  return (value) => fromMessage(fromBinary(desc, toBinary(desc, toMessage(value))))
}

function assertSame<Value>(values: fc.Arbitrary<Value>, send: (value: Value) => unknown): void {
  fc.assert(
    fc.property(values, (value) => {
      expect(send(value)).toEqual(value)
    }),
  )
}

describe('values arrive as they were sent:', () => {
  it('positions', () => {
    const position: fc.Arbitrary<Position> = fc.oneof(
      fc.constantFrom('start' as const, 'end' as const),
      id,
      number,
      id.map((after) => ({ after })),
      text.map((cursor) => ({ cursor })),
    )
    assertSame(position, sent(PositionSchema, positionToMessage, positionFromMessage))
  })

  it('selectors', () => {
    const selector = fc.oneof(
      fc.constant('*'),
      text,
      text.filter((prefix) => prefix !== '').map((prefix) => ({ prefix })),
    )
    assertSame(selector, sent(SelectorSchema, selectorToMessage, selectorFromMessage))
  })

  it('receipts', () => {
    assertSame(receipt, sent(ReceiptSchema, receiptToMessage, receiptFromMessage))
  })

  it('events', () => {
    const event = fc
      .record({ id, sequence: number, topic: text, payload })
      .map((fields) => new LogEvent(fields.id, fields.sequence, fields.topic, fields.payload))
    assertSame(event, sent(EventSchema, eventToMessage, eventFromMessage))
  })

  it('positions of cursors', () => {
    assertSame(
      cursorPosition,
      sent(CursorPositionSchema, cursorPositionToMessage, cursorPositionFromMessage),
    )
  })

  it('cursors', () => {
    const cursor: fc.Arbitrary<CursorDescription> = fc
      .tuple(
        cursorPosition,
        fc.record({
          topic: text,
          consumer: text,
          lag: number,
          hold: fc.boolean(),
          acknowledgedAhead: number,
        }),
      )
      .map(([position, rest]) => ({ ...position, ...rest }))
    assertSame(cursor, sent(CursorDescriptionSchema, cursorToMessage, cursorFromMessage))
  })

  it('retentions', () => {
    assertSame(
      retention,
      sent(RetentionSchema, (value) => retentionToMessage(value)!, retentionFromMessage),
    )
    expect(retentionToMessage(null)).toBeUndefined()
    expect(retentionFromMessage(undefined)).toBeNull()
  })

  it('topics', () => {
    const topic: fc.Arbitrary<TopicDescription> = fc.record({
      topic: text,
      createdAt: date,
      first: fc.option(place, { nil: undefined }),
      last: place,
      count: number,
      bytes: number,
      retention: fc.option(retention),
    })
    assertSame(topic, sent(DescribeTopicResponseSchema, topicToMessage, topicFromMessage))
  })

  it('buckets of histograms', () => {
    const bucket = fc.record({ start: date, count: number, bytes: number })
    assertSame(bucket, sent(HistogramBucketSchema, bucketToMessage, bucketFromMessage))
  })

  it('results of trims', () => {
    const result = fc.record({
      count: number,
      throughSequence: number,
      heldBy: fc.option(
        text.filter((name) => name !== ''),
        { nil: undefined },
      ),
    })
    assertSame(result, sent(TrimTopicResponseSchema, trimToMessage, trimFromMessage))
  })

  it('steps of verify', () => {
    const step: fc.Arbitrary<VerifyStep> = fc.oneof(
      fc.record({
        type: fc.constant('progress' as const),
        phase: fc.constantFrom('events' as const, 'commits' as const, 'records' as const),
        checked: number,
      }),
      fc.record({
        type: fc.constant('problem' as const),
        keyspace: fc.constantFrom('events' as const, 'topics' as const, 'meta' as const),
        topic: fc.option(text, { nil: undefined }),
        key: text,
        message: text,
      }),
    )
    assertSame(step, sent(VerifyResponseSchema, verifyToMessage, verifyFromMessage))
  })

  it('progress of transfers', () => {
    const progress = fc.record({ events: number, bytes: number, lastId: id })
    assertSame(progress, sent(TransferProgressSchema, progressToMessage, progressFromMessage))
  })
})

describe('times', () => {
  it('become ids that there can be', () => {
    fc.assert(
      fc.property(fc.oneof(fc.date({ noInvalidDate: true }), fc.bigInt()), (time) => {
        const at = idOf(time)
        expect(at >= 0n && at < 2n ** 64n - 1n).toBe(true)
        const message = positionToMessage(time instanceof Date ? time : at)
        expect(toBinary(PositionSchema, message)).toHaveLength(9)
      }),
    )
    expect(idOf(new Date('1969-07-20'))).toBe(0n)
    expect(idOf(new Date('2026-01-01'))).toBe(1_767_225_600_000_000_000n)
  })
})

describe('how new a read has to be', () => {
  it.each([
    ['Read', ReadRequestSchema],
    ['Seek', SeekRequestSchema],
    ['DescribeTopic', DescribeTopicRequestSchema],
    ['GetCursor', GetCursorRequestSchema],
  ] as const)('goes over the wire with %s', (_, schema) => {
    const consistencies = fc.constantFrom('local' as const, 'linearizable' as const)
    const over = sent(
      schema as typeof ReadRequestSchema,
      (asked: 'local' | 'linearizable') =>
        create(schema as typeof ReadRequestSchema, { consistency: consistencyToMessage(asked) }),
      ({ consistency }) => consistencyFromMessage(consistency),
    )
    fc.assert(
      fc.property(consistencies, (asked) => {
        expect(over(asked)).toBe(asked)
      }),
    )
  })
})

describe('what a message leaves open', () => {
  it('is undefined for positions and selectors', () => {
    expect(positionFromMessage(undefined)).toBeUndefined()
    expect(positionFromMessage(create(PositionSchema))).toBeUndefined()
    const edge = { case: 'edge', value: 0 } as const
    expect(positionFromMessage(create(PositionSchema, { at: edge }))).toBeUndefined()
    expect(selectorFromMessage(undefined)).toBeUndefined()
    expect(selectorFromMessage(create(SelectorSchema))).toBeUndefined()
  })

  it("is 'next' for what is nearest", () => {
    expect(nearestFromMessage(Nearest.UNSPECIFIED)).toBe('next')
    expect(nearestFromMessage(99 as Nearest)).toBe('next')
    for (const nearest of ['next', 'previous', 'closest'] as const) {
      expect(nearestFromMessage(nearestToMessage(nearest))).toBe(nearest)
    }
  })

  it('is a local consistency, and none where it is not known', () => {
    expect(consistencyFromMessage(Consistency.UNSPECIFIED)).toBe('local')
    expect(consistencyToMessage(undefined)).toBe(Consistency.LOCAL)
    for (const consistency of ['local', 'linearizable'] as const) {
      expect(consistencyFromMessage(consistencyToMessage(consistency))).toBe(consistency)
    }
    // What would promise more must not be answered with less.
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 2 ** 31 - 1 }), (unknown) => {
        expect(() => consistencyFromMessage(unknown as Consistency)).toThrow(
          expect.objectContaining({ code: 'GOETHE_INVALID_ARGUMENT' }),
        )
      }),
    )
  })

  it('is the weakest durability', () => {
    expect(durabilityFromMessage(Durability.UNSPECIFIED)).toBe('memory')
    expect(durabilityFromMessage(99 as Durability)).toBe('memory')
  })

  it('is no step of verify', () => {
    expect(verifyFromMessage(create(VerifyResponseSchema))).toBeUndefined()
  })
})
