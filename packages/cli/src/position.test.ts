import { nanoseconds } from '@goethe/core/contract'
import { describe, expect, test } from 'vitest'
import { idOrTimeParser, parseSelector, positionParser } from './position.js'

const now = new Date('2026-03-01T12:00Z')
const parse = positionParser(() => now)

describe('a position', () => {
  test.each([
    ['start', 'start'],
    ['end', 'end'],
    ['12', 12],
    ['seq:1767225600', 1_767_225_600],
    ['1767225600000000000', 1_767_225_600_000_000_000n],
    ['after:1767225600000000000', { after: 1_767_225_600_000_000_000n }],
    ['cursor:billing', { cursor: 'billing' }],
    ['2026-01-01', new Date('2026-01-01')],
    ['2026-01-31T12:00Z', new Date('2026-01-31T12:00Z')],
    ['2026-01-31 12:00', new Date('2026-01-31T12:00Z')],
    ['2026-01-31T12:00+02:00', new Date('2026-01-31T10:00Z')],
    ['now', nanoseconds(now)],
    ['-5m', nanoseconds(new Date('2026-03-01T11:55Z'))],
    ['-1h30m', nanoseconds(new Date('2026-03-01T10:30Z'))],
  ])('%s is understood', (text, position) => {
    expect(parse(text)).toEqual(position)
  })

  test.each(['yesterday', '2026-13-01', '-1', '-5x', '1.5', ''])('%j is refused', (text) => {
    expect(() => parse(text)).toThrow('It should be start, end, a date')
  })

  test.each([
    ['seq:', 'seq:42'],
    ['seq:-1', 'seq:42'],
    ['after:now', "It should be an event's id"],
    ['cursor:', 'cursor:billing'],
    ['18446744073709551615', 'up to 18446744073709551614'],
    ['99999999999999999999999', 'up to 18446744073709551614'],
  ])('%s is refused with what should stand there', (text, expected) => {
    expect(() => parse(text)).toThrow(expected)
  })

  test.each(['1767225600', '2019'])('%s could be a time as well, and is refused', (text) => {
    expect(() => parse(text)).toThrow(`seq:${text} where it is a sequence`)
  })
})

test('a sequence is no id', () => {
  expect(() => idOrTimeParser()('12')).toThrow('It should be a date')
})

test('a star at the end is a prefix, alone it is all topics', () => {
  expect(parseSelector('orders')).toBe('orders')
  expect(parseSelector('ord*')).toEqual({ prefix: 'ord' })
  expect(parseSelector('*')).toBe('*')
})
