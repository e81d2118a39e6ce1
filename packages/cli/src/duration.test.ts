import { expect, test } from 'vitest'
import { formatDuration, parseDuration, parsePositiveDuration } from './duration.js'

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['1.5h', 5_400_000],
  ['1h30m', 5_400_000],
  ['7d', 604_800_000],
  ['2w', 1_209_600_000],
  ['0s', 0],
])('%s is %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '5', 'h', '5 m', '-5m', '1h30', '1y', '9999999999999999w'])('%j is none', (text) => {
  expect(() => parseDuration(text)).toThrow('a number with a unit')
})

test('nothing is no duration where one is needed', () => {
  expect(() => parsePositiveDuration('0s')).toThrow('longer than nothing')
})

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [65_000, '1m 5s'],
  [3_600_000, '1h'],
  [2_678_400_000, '31d'],
  [90_061_000, '1d 1h'],
])('%i ms are shown as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})
