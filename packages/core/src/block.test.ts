import { create, createFileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  FieldDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checking } from '../tests-support/seeds.js'
import { Block, BlockError, blockHeaderBytes, encodeBlock, payloadBytesInBlock } from './block.js'
import { crc32 } from './crc32.js'

const field = (name: string, number: number, type: Type, label = Label.OPTIONAL) =>
  create(FieldDescriptorProtoSchema, { name, number, type, label })

/** The message as docs/storage.md gives it, in the words of a library that others wrote. */
const eventBlock = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: 'block.proto',
    package: 'goethe.v1',
    syntax: 'proto3',
    messageType: [
      {
        name: 'EventBlock',
        field: [
          field('first_id', 1, Type.FIXED64),
          field('first_sequence', 2, Type.FIXED64),
          field('count', 3, Type.FIXED32),
          field('checksum', 4, Type.FIXED32),
          field('payloads', 5, Type.BYTES, Label.REPEATED),
        ],
      },
    ],
  }),
  () => undefined,
).getMessage('goethe.v1.EventBlock')!

interface Fields {
  firstId: bigint
  firstSequence: bigint
  count: number
  checksum: number
  payloads: Uint8Array[]
}

const payload = fc.uint8Array({ maxLength: 300 })
const anyBlock = fc.record({
  // The library leaves fields out that are 0, which no id, sequence or count is.
  firstId: fc.bigInt({ min: 1n, max: 2n ** 63n }),
  firstSequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 1000 }),
  payloads: fc.array(payload, { minLength: 1, maxLength: 20 }),
})
type AnyBlock = typeof anyBlock extends fc.Arbitrary<infer T> ? T : never

function encoded({ firstId, firstSequence, payloads }: AnyBlock): Uint8Array {
  const size = payloads.reduce((sum, { length }) => sum + payloadBytesInBlock(length), 0)
  return encodeBlock(firstId, firstSequence, payloads, blockHeaderBytes + size)
}

/** Decodes a block with its events, as a reader does. */
function decoded(bytes: Uint8Array): Block {
  const block = Block.decode('topic', bytes)
  block.events()
  return block
}

describe('a block', () => {
  it('decodes to what was encoded', () => {
    fc.assert(
      fc.property(anyBlock, (given) => {
        const block = decoded(encoded(given))
        expect(block.count).toBe(given.payloads.length)
        const last = given.payloads.length - 1
        expect(block.lastId).toBe(given.firstId + BigInt(last))
        expect(block.lastSequence).toBe(given.firstSequence + last)
        expect(
          block.events().map(({ id, sequence, topic, payload: bytes }) => {
            return { id, sequence, topic, payload: [...bytes] }
          }),
        ).toEqual(
          given.payloads.map((bytes, index) => ({
            id: given.firstId + BigInt(index),
            sequence: given.firstSequence + index,
            topic: 'topic',
            payload: [...bytes],
          })),
        )
      }),
      checking(100),
    )
  })

  it('gives the same part of its events whether or not all were decoded before', () => {
    fc.assert(
      fc.property(anyBlock, fc.nat(20), fc.nat(20), (given, first, second) => {
        const count = given.payloads.length
        const [from, to] = [
          Math.min(first, second, count),
          Math.min(Math.max(first, second), count),
        ]
        const bytes = encoded(given)
        expect(Block.decode('topic', bytes).slice(from, to)).toEqual(decoded(bytes).slice(from, to))
      }),
      checking(100),
    )
  })

  it('has the bytes of a protobuf library, whose bytes it reads', () => {
    fc.assert(
      fc.property(anyBlock, (given) => {
        const bytes = encoded(given)
        const message = fromBinary(eventBlock, bytes) as unknown as Fields
        expect(message.firstId).toBe(given.firstId)
        expect(message.firstSequence).toBe(BigInt(given.firstSequence))
        expect(message.count).toBe(given.payloads.length)
        expect(message.payloads.map((one) => [...one])).toEqual(
          given.payloads.map((one) => [...one]),
        )
        const { checksum } = message
        // A checksum of 0 is left out by the library; a block always has the field.
        if (checksum === 0) return
        const theirs = toBinary(eventBlock, create(eventBlock, { ...message }))
        expect(Buffer.compare(theirs, bytes)).toBe(0)
        expect(decoded(theirs).count).toBe(given.payloads.length)
        // The checksum is that of the message without it.
        const without = toBinary(eventBlock, create(eventBlock, { ...message, checksum: 0 }))
        expect(checksum).toBe(crc32(without))
      }),
      checking(100),
    )
  })

  it('is refused with any single byte changed', () => {
    fc.assert(
      fc.property(anyBlock, fc.integer({ min: 1, max: 255 }), (given, bits) => {
        const bytes = encoded(given)
        for (let at = 0; at < bytes.length; at++) {
          bytes[at]! ^= bits
          expect(() => decoded(bytes), `byte ${at}`).toThrow(BlockError)
          bytes[at]! ^= bits
        }
      }),
      checking(10),
    )
  })

  it('is refused when it is cut or something follows it', () => {
    fc.assert(
      fc.property(anyBlock, payload, (given, more) => {
        const bytes = encoded(given)
        for (let length = 0; length < bytes.length; length++) {
          expect(() => decoded(bytes.subarray(0, length))).toThrow(BlockError)
        }
        if (more.length === 0) return
        expect(() => decoded(Buffer.concat([bytes, more]))).toThrow(BlockError)
      }),
      checking(10),
    )
  })

  it('is refused when its checksum fits but its count does not', () => {
    fc.assert(
      fc.property(anyBlock, fc.nat(40), (given, count) => {
        const bytes = encoded(given)
        if (count === given.payloads.length) return
        const view = new DataView(bytes.buffer)
        view.setUint32(19, count, true)
        view.setUint32(24, crc32(bytes.subarray(28), crc32(bytes.subarray(0, 23))), true)
        expect(() => decoded(bytes)).toThrow(BlockError)
      }),
      checking(100),
    )
  })
})
