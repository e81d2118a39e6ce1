import { expect, it } from 'vitest'
import { backoffMs } from './backoff.js'

it('waits twice as long after each failure, up to a limit', () => {
  const most = [0, 1, 2, 3, 30].map((failures) => backoffMs(failures, () => 1, 300))
  expect(most).toEqual([50, 100, 200, 300, 300])
})

it('waits at random between half of that and all of it', () => {
  expect(backoffMs(3, () => 0, 10_000)).toBe(200)
  expect(backoffMs(3, () => 0.5, 10_000)).toBe(300)
})
