import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checking } from '../../core/tests-support/seeds.js'
import { type Operation, decodeOperations, encodeOperations } from './operation-codec.js'

const bytes = fc.uint8Array({ maxLength: 300 })
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), key: bytes, value: bytes }),
  fc.record({ type: fc.constant('del' as const), key: bytes }),
)
const operations = fc.array(operation, { maxLength: 20 })

const corrupt = expect.objectContaining({ code: 'GOETHE_CORRUPT' })

describe('operations as bytes', () => {
  it('are the same again', () => {
    fc.assert(
      fc.property(operations, (some) => {
        expect(decodeOperations(encodeOperations(some))).toEqual(some)
      }),
      checking(200),
    )
  })

  it('are what the format says', () => {
    const value = new Uint8Array(130).fill(7)
    const encoded = encodeOperations([
      { type: 'put', key: Uint8Array.of(1, 2), value },
      { type: 'del', key: Uint8Array.of(3) },
    ])
    expect([...encoded]).toEqual([1, 2, 1, 2, 0x82, 0x01, ...value, 2, 1, 3])
  })

  it('are GOETHE_CORRUPT where they end too early, but between operations', () => {
    fc.assert(
      fc.property(operations, fc.nat(), (some, at) => {
        const encoded = encodeOperations(some)
        const ends = some.map((_, index) => encodeOperations(some.slice(0, index)).length)
        const cut = at % Math.max(encoded.length, 1)
        if (encoded.length === 0 || ends.includes(cut)) return
        expect(() => decodeOperations(encoded.subarray(0, cut))).toThrow(corrupt)
      }),
      checking(200),
    )
  })

  it('never read beyond their end, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => {
        try {
          const decoded = decodeOperations(noise)
          expect(decodeOperations(encodeOperations(decoded))).toEqual(decoded)
        } catch (error) {
          expect(error).toEqual(corrupt)
        }
      }),
      checking(500),
    )
  })

  it('are GOETHE_CORRUPT with a length that does not end', () => {
    expect(() => decodeOperations(new Uint8Array(20).fill(0xff, 1).fill(1, 0, 1))).toThrow(corrupt)
  })
})
