import { manualClock } from '@goethe/core/testing'
import { expect, test } from 'vitest'
import { Admission } from './admission.js'
import { defaultConfig } from './config.js'
import { everybody } from './identity.js'

const clock = manualClock()
const admission = (flags: Record<string, unknown>) =>
  new Admission(defaultConfig(flags).limits, clock)

test('an identity has as many requests a second as the limit, and a second’s worth at once', () => {
  const limited = admission({ limitsRequestsPerSecond: 3 })
  const admitted = () => {
    try {
      limited.request(everybody)
      return true
    } catch {
      return false
    }
  }
  expect([admitted(), admitted(), admitted(), admitted()]).toEqual([true, true, true, false])
  clock.advance(334)
  expect([admitted(), admitted()]).toEqual([true, false])
  clock.advance(60_000)
  expect([admitted(), admitted(), admitted(), admitted()]).toEqual([true, true, true, false])
})

test('what is refused is told when to come again', () => {
  const limited = admission({ limitsRequestsPerSecond: 1 })
  limited.request(everybody)
  expect(() => {
    limited.request(everybody)
  }).toThrow(expect.objectContaining({ code: 'GOETHE_LIMIT', details: { retryDelayMs: 1000 } }))
  limited.request({ ...everybody, name: 'somebody else' })
})

test('tails are counted by topic, and given back once', () => {
  const limited = admission({ limitsTailsPerTopic: 1 })
  const release = limited.tail('a')
  limited.tail({ prefix: 'a' })
  expect(() => limited.tail('a')).toThrow('limits.tailsPerTopic')
  release()
  release()
  limited.tail('a')
  expect(() => limited.tail('a')).toThrow('limits.tailsPerTopic')
})

test('bytes under way are bounded in all', () => {
  const limited = admission({ limitsInFlightBytes: '64MiB' })
  const release = limited.bytes(64 * 1024 * 1024)
  expect(() => limited.bytes(1)).toThrow('limits.inFlightBytes')
  release()
  limited.bytes(1)
  expect(limited.inFlightBytes).toBe(1)
})
