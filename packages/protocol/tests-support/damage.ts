/** Bytes that are no message of ours. */
import fc from 'fast-check'
import { expect } from 'vitest'

/** Any bytes, and bytes that look like fields. */
export const anyBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc
    .array(
      fc.tuple(fc.constantFrom(0x08, 0x0a, 0x10, 0x11, 0x12, 0x1a, 0x22, 0x29, 0x2a), fc.nat(12)),
      { maxLength: 12 },
    )
    .map((fields) => Uint8Array.from(fields.flat())),
)

/**
 * Expects that bytes are either decoded or refused with an Error, from what lies in their array
 * alone: as a part of a larger one, they lead to the same.
 */
export function expectDecision(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  const alone = outcomeOf(decode, bytes)
  const larger = new Uint8Array(bytes.length + 64).fill(0x01)
  larger.set(bytes, 16)
  expect(outcomeOf(decode, larger.subarray(16, 16 + bytes.length))).toEqual(alone)
}

function outcomeOf(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): unknown {
  try {
    return decode(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(Error)
    return (error as Error).message
  }
}
