import { expect, test } from 'vitest'
import { BoundedCache } from './bounded-cache.js'

test('a value is there until it expires', () => {
  const cache = new BoundedCache<number>(2)
  cache.set('a', 1, 100)
  expect(cache.get('a', 99)).toBe(1)
  expect(cache.get('a', 100)).toBeUndefined()
})

test('beyond its size it forgets what was used longest ago', () => {
  const cache = new BoundedCache<number>(2)
  cache.set('a', 1, 100)
  cache.set('b', 2, 100)
  cache.get('a', 0)
  cache.set('c', 3, 100)
  expect([cache.get('a', 0), cache.get('b', 0), cache.get('c', 0)]).toEqual([1, undefined, 3])
})
