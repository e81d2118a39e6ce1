/** What a later version might add to a message, which this one has to pass over. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import fc from 'fast-check'

/** Bytes of fields whose numbers no message has. */
export const unknownFields: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.tuple(
      fc.constantFrom(15, 16, 500, 2 ** 29 - 1),
      fc.oneof(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => ({ type: 'varint', value })),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => ({ type: 'fixed64', value })),
        fc.nat().map((value) => ({ type: 'fixed32', value })),
        fc.uint8Array({ maxLength: 200 }).map((value) => ({ type: 'bytes', value })),
      ),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((fields) => {
    const writer = new BinaryWriter()
    for (const [field, { type, value }] of fields) {
      if (type === 'varint') writer.tag(field, WireType.Varint).uint64(value as bigint)
      else if (type === 'fixed64') writer.tag(field, WireType.Bit64).fixed64(value as bigint)
      else if (type === 'fixed32') writer.tag(field, WireType.Bit32).fixed32(value as number)
      else writer.tag(field, WireType.LengthDelimited).bytes(value as Uint8Array)
    }
    return writer.finish()
  })

/** A message and, before and behind its fields, fields that nobody knows. */
export function among(unknown: Uint8Array, message: Uint8Array): Uint8Array {
  return Uint8Array.from([...unknown, ...message, ...unknown])
}
