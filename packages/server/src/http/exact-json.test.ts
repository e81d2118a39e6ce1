import { describe, expect, test } from 'vitest'
import { parseExactJson } from './exact-json.js'

const parse = (text: string | Uint8Array): unknown =>
  parseExactJson(typeof text === 'string' ? Buffer.from(text) : text, 'The body')

describe('JSON in which nothing is lost', () => {
  test.each([
    '9007199254740993',
    '[1, -9007199254740993]',
    '{"a":{"b":1769860800000000001}}',
    '{"\\\\":1769860800000000001}',
    '1e400',
  ])('%s is refused', (text) => {
    expect(() => parse(text)).toThrow('digits would be lost')
  })

  test.each([
    '9007199254740992',
    '-9007199254740991',
    '12345678901234567890e-3',
    '0.1234567890123456789',
    '1e300',
    '100000000000000000000',
    '"1769860800000000001"',
    '{"a \\" 1769860800000000001":"\\\\","b":[1e5,"1e999"]}',
  ])('%s is what JSON.parse makes of it', (text) => {
    expect(parse(text)).toEqual(JSON.parse(text))
  })

  test('a mark of byte order before it is none of it', () => {
    expect(parse('\ufeff{"a":1}')).toEqual({ a: 1 })
  })

  test('what is no UTF-8 is refused, and not changed', () => {
    expect(() => parse(new Uint8Array([0x22, 0xff, 0x22]))).toThrow('The body is no JSON')
  })

  test('a text of many megabytes takes no stack', () => {
    const long = '"'.padEnd(8_000_000, '\\"1234567890123456')
    expect(parse(`["${long.slice(1, -(long.length % 18))}"]`)).toHaveLength(1)
  })
})
