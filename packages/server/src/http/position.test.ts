import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { parsePosition, parseTime } from './position.js'

const now = 1_767_225_600_000_000_000n // 2026-01-01

describe('parsePosition', () => {
  test.each([
    ['start', 'start'],
    ['end', 'end'],
    ['1767225600123456789', 1767225600123456789n],
    ['after:0', { after: 0n }],
    ['seq:5', 5],
    ['5', 5],
    ['cursor:a:b', { cursor: 'a:b' }],
    ['2026-01-31T12:00Z', new Date('2026-01-31T12:00Z')],
    ['2026-01', new Date('2026-01-01T00:00Z')],
    ['2026-01-31', new Date('2026-01-31T00:00Z')],
    ['2026-01-31 12:00', new Date('2026-01-31T12:00Z')],
    ['2026-01-31T12:00 02:00', new Date('2026-01-31T12:00+02:00')],
    ['-5m', now - 300_000_000_000n],
    ['-1h30m', now - 5_400_000_000_000n],
    ['-9999999w', 0n],
    ['now', now],
  ])('%s is a position', (text, position) => {
    expect(parsePosition('from', text, now)).toEqual(position)
  })

  test.each([
    '',
    '2026',
    '1767225600',
    'seq:',
    'seq:-1',
    'after:x',
    '-5',
    '-5y',
    'now-5m',
    '26-01-01',
    '2026-13-01',
    '2026-01-31 noon',
    '9'.repeat(21),
  ])('%j is none', (text) => {
    expect(() => parsePosition('from', text, now)).toThrow(`'from' is '${text}'`)
  })

  test('a number that may be a time is told how a sequence is written', () => {
    expect(() => parsePosition('from', '1767225600', now)).toThrow(
      "'from' is '1767225600', but should be seq:1767225600 where it is a sequence, or a date",
    )
  })
})

test('a time without a zone is UTC, wherever the server is', () => {
  vi.stubEnv('TZ', 'America/New_York')
  onTestFinished(() => void vi.unstubAllEnvs())
  const time = parseTime('to', '2026-01-31T12:00', now)
  expect(time).toEqual(new Date('2026-01-31T12:00Z'))
})

test('a time is no sequence', () => {
  expect(() => parseTime('to', 'seq:5', now)).toThrow("'to' is 'seq:5', but should be a date")
})
