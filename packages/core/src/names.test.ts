import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checking } from '../tests-support/seeds.js'
import { ArgumentError } from './errors.js'
import { nameBytes } from './names.js'

/** The rule as a dumb program: 1 to 255 bytes of UTF-8, no ':', no control characters. */
function isName(text: string): boolean {
  if (Buffer.from(text).toString() !== text) return false
  const { length } = Buffer.from(text)
  if (length < 1 || length > 255) return false
  return Array.from(text).every((character) => {
    const code = character.codePointAt(0)!
    return code !== 0x3a && code >= 0x20 && (code < 0x7f || code > 0x9f)
  })
}

function accepts(text: string): boolean {
  try {
    nameBytes('topic', text)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(ArgumentError)
    return false
  }
}

describe('a name', () => {
  it('is 1 to 255 bytes of UTF-8 without colons and control characters', () => {
    const unit = fc.oneof(
      fc.constantFrom(
        ':',
        '\u0000',
        '\u001f',
        ' ',
        '\u007f',
        '\u009f',
        '\u00a0',
        '\ud800',
        '\udc00',
      ),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    )
    const long = fc.nat(300).map((length) => 'é'.repeat(length / 2) + 'a'.repeat(length % 7))
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit, maxLength: 5 }), long), (text) => {
        expect(accepts(text)).toBe(isName(text))
      }),
      checking(200),
    )
  })

  it('of 255 bytes is taken, and of 256 is not', () => {
    expect(accepts('a'.repeat(255))).toBe(true)
    expect(accepts('a'.repeat(256))).toBe(false)
    expect(accepts('ä'.repeat(127))).toBe(true)
    expect(accepts('ä'.repeat(128))).toBe(false)
    expect(accepts('a'.repeat(5000))).toBe(false)
    expect(accepts(`${'a'.repeat(5000)}:`)).toBe(false)
  })

  it('is a string', () => {
    for (const value of [undefined, null, 1, {}, ['a'], new String('a')]) {
      expect(() => nameBytes('topic', value)).toThrow(ArgumentError)
    }
  })
})
