import { expect, test } from 'vitest'
import { formatSize, parseCount, parseSize, plural } from './quantity.js'

test.each([
  ['512', 512],
  ['512B', 512],
  ['1.5kB', 1500],
  ['10GB', 10_000_000_000],
  ['10gb', 10_000_000_000],
  ['10G', 10_000_000_000],
  ['64KiB', 65_536],
  ['2GiB', 2_147_483_648],
])('%s is %i bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes)
})

test.each(['', 'GB', '-1GB', '0', '1EB', 'ten', '99999999PB'])('%j is no size', (text) => {
  expect(() => parseSize(text)).toThrow('a size such as')
})

test.each(['0', '-1', '1.5', 'all', ''])('%j is no count', (text) => {
  expect(() => parseCount(text)).toThrow('a whole number from 1')
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [17_123_456, '17.1 MB'],
  [999_600, '1.0 MB'],
])('%i bytes are shown as %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text)
})

test('one is singular', () => {
  expect([plural(1, 'event'), plural(2000, 'event')]).toEqual(['1 event', '2,000 events'])
})
