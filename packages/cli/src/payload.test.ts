import { describe, expect, test } from 'vitest'
import { payloadFields, showPayload } from './payload.js'

const bytes = Buffer.from([0xff, 0x00])

describe('a payload for people', () => {
  test('text is shown as it is', () => {
    expect(showPayload(Buffer.from('{"für":"Elise"}'))).toBe('{"für":"Elise"}')
  })

  test('control characters cannot reach the terminal, in no form', () => {
    const evil = Buffer.from('a\nb\u001b[31m\u009bc\u202e')
    expect(showPayload(evil)).toBe('a\\nb\\u001b[31m\\u009bc\\u202e')
    expect(showPayload(evil, 'text')).toBe('a\\nb\\u001b[31m\\u009bc\\u202e')
    expect(showPayload(evil, 'raw')).toBe('a\\nb\\u001b[31m\\u009bc\\u202e')
    expect(showPayload(Buffer.from('"\u009b"'), 'json')).toBe('"\\u009b"')
  })

  test('bytes are shown by their number and their beginning', () => {
    expect(showPayload(bytes)).toBe('<2 bytes: ff00>')
    expect(showPayload(bytes, 'raw')).toBe('<2 bytes: ff00>')
    expect(showPayload(Buffer.alloc(100))).toBe('<100 bytes: 00000000000000000000000000000000…>')
  })

  test('bytes are shown whole on demand', () => {
    expect(showPayload(bytes, 'hex')).toBe('ff00')
    expect(showPayload(bytes, 'base64')).toBe('/wA=')
    expect(showPayload(bytes, 'text')).toBe('�\\u0000')
  })

  test('JSON is indented, and what is none is shown all the same', () => {
    expect(showPayload(Buffer.from('{"a":1}'), 'json')).toBe('{\n  "a": 1\n}')
    expect(showPayload(Buffer.from('{'), 'json')).toBe('{')
  })
})

describe('a payload for programs', () => {
  test.each([
    ['auto', { payload: '{"a":1}' }],
    ['json', { payload: { a: 1 } }],
    ['hex', { payloadHex: '7b2261223a317d' }],
    ['base64', { payloadBase64: 'eyJhIjoxfQ==' }],
  ] as const)('%s', (form, fields) => {
    expect(payloadFields(Buffer.from('{"a":1}'), form)).toEqual(fields)
  })

  test('bytes are Base64', () => {
    expect(payloadFields(bytes, 'auto')).toEqual({ payloadBase64: '/wA=' })
    expect(payloadFields(bytes, 'json')).toEqual({ payloadBase64: '/wA=' })
    expect(payloadFields(bytes, 'text')).toEqual({ payload: '�\0' })
  })
})
