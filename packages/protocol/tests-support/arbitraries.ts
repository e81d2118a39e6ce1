/** Values that go over the wire, for property tests. */
import {
  type Durability,
  type GoetheErrorCode,
  type GoetheErrorDetails,
  GoetheError,
  type Receipt,
  errorCodes,
} from '@goethe/core'
import { type AppendPart, Block, BlockRange } from '@goethe/core/contract'
import { create, toBinary } from '@bufbuild/protobuf'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import type { StreamedAppend } from '../src/append-codec.js'
import type { ConsumeCommand, ConsumeReport } from '../src/consume-codec.js'
import { ConsumeOpenSchema } from '../src/gen/goethe/v1/consume_pb.js'
import { EventBlockSchema } from '../src/gen/goethe/v1/read_pb.js'
import type { StreamedReceipt } from '../src/outcome-codec.js'
import type { ReadMessage } from '../src/read-codec.js'

/** Any text that UTF-8 can carry, with what decoders like to swallow. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('\ufeffmark', 'ä'.repeat(30), 'a'.repeat(255)),
)

/** Numbers as they are everywhere but on the wire. */
export const number: fc.Arbitrary<number> = fc.oneof(
  fc.nat(300),
  fc.nat(2 ** 31 - 1),
  fc.maxSafeNat(),
  fc.constantFrom(0, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 35, Number.MAX_SAFE_INTEGER),
)

/** Numbers of 32 bits. */
export const small: fc.Arbitrary<number> = fc.oneof(
  fc.nat(300),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
)

export const id: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 1n, 1_767_225_600_000_000_000n, 2n ** 64n - 2n),
)

export const payload: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.uint8Array({ minLength: 120, maxLength: 300 }),
)

export const part: fc.Arbitrary<AppendPart> = fc.record({
  topic: text,
  payloads: fc.array(payload, { maxLength: 6 }),
  expect: fc.oneof(fc.constantFrom(undefined, 'empty' as const), id, number),
  producer: fc.option(fc.record({ id: text, sequence: number }), { nil: undefined }),
  time: fc.option(id, { nil: undefined }),
})

/** An append to several topics. */
export const streamedPart: fc.Arbitrary<StreamedAppend> = fc
  .tuple(part, fc.array(part, { maxLength: 3 }))
  .map(([first, also]) => (also.length === 0 ? first : { ...first, also }))

const durability = fc.constantFrom<Durability>('memory', 'os', 'fsync')

export const receipt: fc.Arbitrary<Receipt> = fc
  .record({
    topic: text,
    firstId: fc.bigInt({ min: 0n, max: 2n ** 63n }),
    firstSequence: fc.oneof(fc.nat(300), fc.nat(2 ** 53 - 2 ** 33)),
    count: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    durability,
    repeated: fc.boolean(),
  })
  .map((fields) => ({
    ...fields,
    lastId: fields.firstId + BigInt(fields.count) - 1n,
    lastSequence: fields.firstSequence + fields.count - 1,
  }))

/** As answers of a stream have it: without topics, perhaps with others along. */
export const streamedReceipt: fc.Arbitrary<StreamedReceipt> = fc
  .tuple(receipt, fc.array(receipt, { maxLength: 3 }))
  .map(([first, others]) => {
    const also = others.map((other) => ({ ...other, topic: '' }))
    return { ...first, topic: '', ...(also.length > 0 && { also }) }
  })

const details: fc.Arbitrary<GoetheErrorDetails> = fc.record(
  {
    topic: text,
    consumer: text,
    lastId: id,
    lastSequence: number,
    expectedSequence: number,
    retryDelayMs: number,
    leader: text,
    leaderUrl: text,
  },
  { requiredKeys: [] },
)

export const error: fc.Arbitrary<GoetheError> = fc
  .record({
    code: fc.constantFrom(...(Object.keys(errorCodes) as GoetheErrorCode[])),
    message: text,
    details,
  })
  .map(({ code, message, details: facts }) => new GoetheError(code, message, { details: facts }))

/** What of an error goes over the wire; a text that is empty is none. */
export function factsOf({ code, message, details: facts }: GoetheError): object {
  const said = Object.entries(facts).filter(([, value]) => value !== undefined && value !== '')
  return { code, message, details: Object.fromEntries(said) }
}

/** A block as a store has it, made by protobuf-es. */
export const block: fc.Arbitrary<Block> = fc
  .record({
    topic: text,
    // Fields that are 0 are left out by the library, which no id, sequence or count is.
    firstId: fc.bigInt({ min: 1n, max: 2n ** 63n }),
    firstSequence: fc.integer({ min: 1, max: 2 ** 52 }),
    payloads: fc.array(payload, { minLength: 1, maxLength: 8 }),
  })
  .map(({ topic, firstId, firstSequence, payloads }) => {
    const bytes = toBinary(
      EventBlockSchema,
      create(EventBlockSchema, {
        firstId,
        firstSequence: BigInt(firstSequence),
        count: payloads.length,
        checksum: 1,
        payloads,
      }),
    )
    const checksum = crc32(bytes.subarray(28), crc32(bytes.subarray(0, 23)))
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(24, checksum, true)
    return Block.decode(topic, bytes)
  })

export const range: fc.Arbitrary<BlockRange> = fc
  .tuple(block, fc.nat(8), fc.nat(8))
  .map(([whole, one, other]) => {
    const ends = [Math.min(one, whole.count), Math.min(other, whole.count)]
    return new BlockRange(whole, Math.min(...ends), Math.max(...ends))
  })

export const readMessage: fc.Arbitrary<ReadMessage> = fc.record({
  ranges: fc.array(range, { maxLength: 4 }),
  beganAfter: fc.option(id, { nil: undefined }),
})

const numbers = fc.array(number, { maxLength: 8 })

const open = fc
  .record({
    topic: text,
    consumer: text,
    maxInFlight: small,
    ackTimeoutMs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    instance: text,
    received: id,
  })
  .map((fields) => create(ConsumeOpenSchema, fields))

export const command: fc.Arbitrary<ConsumeCommand> = fc.record({
  open: fc.option(open, { nil: undefined }),
  credit: small,
  acks: numbers,
  nacks: fc.array(fc.record({ number, delayMs: number }), { maxLength: 4 }),
  extends: numbers,
  releases: numbers,
})

export const report: fc.Arbitrary<ConsumeReport> = fc.record({
  instance: text,
  deliveries: fc.array(fc.record({ number, id, sequence: number, attempt: small, payload }), {
    maxLength: 4,
  }),
  settlements: fc.array(fc.record({ numbers, error: fc.option(error, { nil: undefined }) }), {
    maxLength: 4,
  }),
})
