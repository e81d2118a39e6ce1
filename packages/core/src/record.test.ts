import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checking } from '../tests-support/seeds.js'
import { decodeCommit, encodeCommit } from './commit-record.js'
import { decodeCursorRecord, encodeCursorRecord } from './cursor-record.js'
import { decodeIndexEntry, encodeIndexEntry } from './index-entry.js'
import { type ProducerResult, ProducerResults } from './producers.js'
import { RecordError, RecordReader, RecordWriter } from './record.js'
import { decodeTopicRecord, encodeTopicRecord } from './topic-record.js'

const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const number = fc.oneof(fc.maxSafeNat(), fc.nat(300))
const text = fc.string({ unit: 'grapheme', maxLength: 40 })

const records = {
  commit: [
    fc.array(fc.record({ topic: text, lastId: id }), { maxLength: 20 }),
    encodeCommit,
    decodeCommit,
  ],
  cursor: [
    fc.record({
      id,
      sequence: number,
      updatedAt: id,
      session: number,
      hold: fc.boolean(),
      acknowledged: fc.array(fc.record({ from: number, to: number, toId: id }), { maxLength: 9 }),
      attempts: fc.array(fc.tuple(number, number)).map((entries) => new Map(entries)),
      deliveredTo: number,
    }),
    encodeCursorRecord,
    decodeCursorRecord,
  ],
  'index entry': [
    fc.record({ lastId: id, lastSequence: number, bytes: number }),
    encodeIndexEntry,
    decodeIndexEntry,
  ],
  producer: [
    fc.array(
      fc.record({ producerSequence: number, firstId: id, firstSequence: number, count: number }),
      { maxLength: 64 },
    ),
    (results: ProducerResult[]) => ProducerResults.none.with(results),
    (bytes: Uint8Array) => new ProducerResults(bytes).all(),
  ],
  topic: [
    fc.record({
      createdId: id,
      trimmed: fc.record({ id, sequence: number, bytes: number }),
      retention: fc.constantFrom(
        null,
        { ageMs: 1 },
        { bytes: 5, count: 2 ** 40 },
        { ageMs: 1, bytes: 2, count: 3 },
      ),
    }),
    encodeTopicRecord,
    decodeTopicRecord,
  ],
} as unknown as Record<
  string,
  [fc.Arbitrary<unknown>, (value: unknown) => Uint8Array, (bytes: Uint8Array) => unknown]
>

describe.each(Object.keys(records))('a %s record', (name) => {
  const [values, encode, decode] = records[name]!

  it('decodes to what was encoded', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decode(encode(value))).toEqual(value)
      }),
      checking(100),
    )
  })

  it('is refused with any single byte changed, cut, or added to', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 255 }), (value, bits) => {
        const bytes = encode(value)
        for (let at = 0; at < bytes.length; at++) {
          const changed = Uint8Array.from(bytes)
          changed[at]! ^= bits
          expect(() => decode(changed)).toThrow(RecordError)
          expect(() => decode(bytes.subarray(0, at))).toThrow(RecordError)
        }
        expect(() => decode(Buffer.concat([bytes, Buffer.of(bits)]))).toThrow(RecordError)
      }),
      checking(10),
    )
  })
})

it('a cursor record from before there was deliveredTo counts what it names', () => {
  const bytes = new RecordWriter().id(5n).number(1).id(6n).number(2).number(0).number(0)
  bytes.number(1).number(2).number(3)
  expect(decodeCursorRecord(bytes.seal())).toEqual({
    id: 5n,
    sequence: 1,
    updatedAt: 6n,
    session: 2,
    hold: false,
    acknowledged: [],
    attempts: new Map([[2, 3]]),
    deliveredTo: 0,
  })
})

describe('a record', () => {
  const field = fc.oneof(
    fc.record({ type: fc.constant('number' as const), value: number }),
    fc.record({ type: fc.constant('id' as const), value: id }),
    fc.record({ type: fc.constant('text' as const), value: text }),
  )

  it('gives its fields back in order and then ends', () => {
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        const writer = new RecordWriter()
        for (const { type, value } of fields) {
          if (type === 'number') writer.number(value)
          else if (type === 'id') writer.id(value)
          else writer.text(value)
        }
        const reader = new RecordReader(writer.seal())
        for (const { type, value } of fields) expect(reader[type]()).toBe(value)
        expect(reader.ended).toBe(true)
        expect(() => reader.number()).toThrow(RecordError)
      }),
      checking(100),
    )
  })
})
