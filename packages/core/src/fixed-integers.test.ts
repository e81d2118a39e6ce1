import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  putUint32LittleEndian,
  putUint64BigEndian,
  putUint64LittleEndian,
  uint32LittleEndian,
  uint64BigEndian,
  uint64LittleEndian,
} from './fixed-integers.js'

const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n),
)

/** What the platform makes of it, with bytes around that are nobody's. */
function byView(put: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(12).fill(0xaa)
  put(new DataView(bytes.buffer))
  return bytes
}

describe('integers of fixed length', () => {
  test('are the bytes that a DataView writes, and are read back', () => {
    fc.assert(
      fc.property(uint64, (value) => {
        const big = new Uint8Array(12).fill(0xaa)
        putUint64BigEndian(big, 2, value)
        expect(big).toEqual(byView((view) => view.setBigUint64(2, value)))
        expect(uint64BigEndian(big, 2)).toBe(value)
        const little = new Uint8Array(12).fill(0xaa)
        putUint64LittleEndian(little, 2, value)
        expect(little).toEqual(byView((view) => view.setBigUint64(2, value, true)))
        expect(uint64LittleEndian(little, 2)).toBe(value)
      }),
    )
  })

  test('of four bytes as well', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), (value) => {
        const bytes = new Uint8Array(12).fill(0xaa)
        putUint32LittleEndian(bytes, 3, value)
        expect(bytes).toEqual(byView((view) => view.setUint32(3, value, true)))
        expect(uint32LittleEndian(bytes, 3)).toBe(value)
      }),
    )
  })
})
