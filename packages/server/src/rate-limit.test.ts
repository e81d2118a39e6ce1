import { manualClock } from '@goethe/core/testing'
import { expect, test } from 'vitest'
import { RateLimit } from './rate-limit.js'

test('all of an interval may come at once, and then as much as time has passed', () => {
  const clock = manualClock()
  const limit = new RateLimit({ count: 2, intervalMs: 60_000, clock })
  expect([limit.take('one'), limit.take('one'), limit.take('one')]).toEqual([0, 0, 30_000])
  clock.advance(15_000)
  expect(limit.take('one')).toBe(15_000)
  clock.advance(15_000)
  expect([limit.take('one'), limit.take('one')]).toEqual([0, 30_000])
})

test('each name has its own', () => {
  const limit = new RateLimit({ count: 1, intervalMs: 1000, clock: manualClock() })
  expect([limit.take('one'), limit.take('other'), limit.take('one')]).toEqual([0, 0, 1000])
})

test('of more names than are remembered, the one that was idle longest begins anew', () => {
  const limit = new RateLimit({ count: 1, intervalMs: 1000, clock: manualClock() })
  limit.take('first')
  limit.take('second')
  for (let index = 0; index < 9_999; index++) limit.take(`other ${index}`)
  expect(limit.take('second')).toBe(1000)
  expect(limit.take('first')).toBe(0)
})

test('0 is no limit', () => {
  const limit = new RateLimit({ count: 0, intervalMs: 1000, clock: manualClock() })
  expect([limit.take('one'), limit.take('one')]).toEqual([0, 0])
})
