import { expect, test } from 'vitest'
import { checkAppend } from './append-validator.js'

test.each(['text', ['text']])(
  'who passes %j for a payload is told how it becomes one',
  (payloads) => {
    expect(() => checkAppend('orders', payloads as never, undefined)).toThrow(
      'got "text", of which new TextEncoder().encode(text) makes one',
    )
  },
)
