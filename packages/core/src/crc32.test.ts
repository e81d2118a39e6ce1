import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checking } from '../tests-support/seeds.js'
import { crc32, tableCrc32 } from './crc32.js'

const table = tableCrc32()
const bytes = fc.uint8Array({ maxLength: 200 })

describe('CRC-32', () => {
  it('is 0xcbf43926 of the digits from 1 to 9', () => {
    expect(table(Buffer.from('123456789'))).toBe(0xcbf43926)
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926)
  })

  it('is the same from tables as from zlib, from any seed and offset', () => {
    fc.assert(
      fc.property(
        bytes,
        fc.nat(20),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        (all, from, seed) => {
          const part = all.subarray(from)
          // zlib forgets the seed where there are no bytes.
          const expected = part.length === 0 ? seed : zlibCrc32(part, seed)
          expect(table(part, seed)).toBe(expected)
          expect(crc32(part, seed)).toBe(expected)
        },
      ),
      checking(300),
    )
  })

  it('of a whole is that of its parts, one after the other', () => {
    fc.assert(
      fc.property(bytes, bytes, (first, second) => {
        expect(table(second, table(first))).toBe(table(Buffer.concat([first, second])))
      }),
      checking(200),
    )
  })
})
