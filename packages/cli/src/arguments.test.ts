import { describe, expect, test } from 'vitest'
import { parseIdOrDate, parseLimit, parsePosition } from './arguments.js'

describe('a position', () => {
  test.each([
    ['start', 'start'],
    ['end', 'end'],
    ['12', 12],
    ['1767225600000000000', 1_767_225_600_000_000_000n],
    ['2026-01-01', new Date('2026-01-01')],
    ['2026-01-31T12:00Z', new Date('2026-01-31T12:00Z')],
  ])('%s is understood', (text, position) => {
    expect(parsePosition(text)).toEqual(position)
  })

  test.each(['yesterday', '2026-13-01', '-1', '1.5', ''])('%j is refused', (text) => {
    expect(() => parsePosition(text)).toThrow('neither a date')
  })
})

test('a sequence is no id', () => {
  expect(() => parseIdOrDate('12')).toThrow('neither a date')
})

test.each(['0', '-1', '1.5', 'all', ''])('%j is no limit', (text) => {
  expect(() => parseLimit(text)).toThrow('a whole number from 1')
})
