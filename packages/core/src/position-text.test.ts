import { describe, expect, it } from 'vitest'
import { dateOfText } from './date-text.js'
import { durationMsOfText } from './duration-text.js'
import { idOrTimeOfText, positionOfText } from './position-text.js'

const now = 1_767_225_600_000_000_000n // 2026-01-01

describe('a position', () => {
  it.each([
    ['start', 'start'],
    ['end', 'end'],
    ['42', 42],
    ['seq:1767225600', 1_767_225_600],
    ['1767225600123456789', 1_767_225_600_123_456_789n],
    ['after:0', { after: 0n }],
    ['cursor:a:b', { cursor: 'a:b' }],
    ['now', now],
    ['-1.5h', now - 5_400_000_000_000n],
    ['-99999999w', 0n],
    ['2026-01-31', new Date('2026-01-31T00:00Z')],
  ])('%s is understood', (text, value) => {
    expect(positionOfText(text, now)).toEqual({ value })
  })

  it.each([
    ['yesterday', 'start, end, a date such as'],
    ['-5', 'start, end, a date such as'],
    ['2026', 'seq:2026 where it is a sequence'],
    ['1767225600123', 'seq:1767225600123 where it is a sequence'],
    ['seq:-1', 'seq:42'],
    ['cursor:', 'cursor:billing'],
    ['after:x', "an event's id"],
    ['18446744073709551615', 'up to 18446744073709551614'],
  ])('%s is none, and what should stand there is said', (text, expected) => {
    expect(positionOfText(text, now)).toEqual({
      expected: expect.stringContaining(expected) as string,
    })
  })
})

it('where there is no topic, a sequence says nothing', () => {
  for (const text of ['42', 'seq:42', 'start', 'cursor:billing']) {
    expect(idOrTimeOfText(text, now)).toHaveProperty('expected')
  }
})

it.each([
  ['2019', '2019-01-01T00:00Z'],
  ['2019-05', '2019-05-01T00:00Z'],
  ['2019-05-03 12:30', '2019-05-03T12:30Z'],
  ['2019-05-03T12:30:15.25+0200', '2019-05-03T10:30:15.25Z'],
  ['2019-05-03 12:30 -02:00', '2019-05-03T14:30Z'],
])('%s is a date', (text, iso) => {
  expect(dateOfText(text)).toEqual(new Date(iso))
})

it.each(['', '19', '2019-13-01', '2019-05-03 noon', '2019-05Z'])('%j is no date', (text) => {
  expect(dateOfText(text)).toBeUndefined()
})

it.each(['', '5', 'h', '5 m', '-5m', '1h30', '1y', '9999999999w'])('%j is no duration', (text) => {
  expect(durationMsOfText(text)).toBeUndefined()
})
