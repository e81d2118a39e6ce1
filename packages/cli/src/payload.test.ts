import { describe, expect, test } from 'vitest'
import { showPayload } from './payload.js'

describe('a payload on a line', () => {
  test('text is shown as it is', () => {
    expect(showPayload(Buffer.from('{"für":"Elise"}'))).toBe('{"für":"Elise"}')
  })

  test('control characters cannot reach the terminal', () => {
    expect(showPayload(Buffer.from('a\nb\u001b[31m\u009bc'))).toBe('a\\nb\\u001b[31m\\u009bc')
  })

  test('bytes are shown by their number and their beginning', () => {
    expect(showPayload(Buffer.from([0xff, 0x00]))).toBe('<2 bytes: ff00>')
    expect(showPayload(Buffer.alloc(100))).toBe('<100 bytes: 00000000000000000000000000000000…>')
  })
})
