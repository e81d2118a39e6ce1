import { GoetheError } from '@goethe/core'
import { manualClock } from '@goethe/core/testing'
import { describe, expect, test } from 'vitest'
import { defaultConfig } from '../config.js'
import { everybody } from '../identity.js'
import type { Identify } from '../server-context.js'
import { limitFailedAttempts, networkOf } from './failed-attempts.js'

const known: Identify = ({ authorization }) =>
  authorization === 'right'
    ? Promise.resolve(everybody)
    : Promise.reject(new GoetheError('GOETHE_UNAUTHENTICATED', 'The token is not valid'))

const limited = (failedAttemptsPerMinute: number, clock = manualClock()) => {
  const { limits } = defaultConfig({ limitsFailedAttemptsPerMinute: failedAttemptsPerMinute })
  const identify = limitFailedAttempts(known, limits, clock)
  return (authorization: string, address = '192.0.2.1') =>
    identify({ authorization }, undefined, () => address).then(
      () => 'known',
      ({ code, details }: GoetheError) => [code, details.retryDelayMs],
    )
}

const refused = ['GOETHE_UNAUTHENTICATED', undefined]

describe('attempts to guess a token', () => {
  test('are told to come later, once there are too many of them', async () => {
    const clock = manualClock()
    const attempt = limited(2, clock)
    expect(await attempt('wrong')).toEqual(refused)
    expect(await attempt('wrong')).toEqual(refused)
    expect(await attempt('wrong')).toEqual(['GOETHE_LIMIT', 30_000])
    clock.advance(30_000)
    expect(await attempt('wrong')).toEqual(refused)
  })

  test('keep nobody away who has a right one, and nobody elsewhere', async () => {
    const attempt = limited(1)
    await attempt('wrong')
    expect(await attempt('wrong')).toEqual(['GOETHE_LIMIT', 60_000])
    expect(await attempt('right')).toBe('known')
    expect(await attempt('wrong', '192.0.2.2')).toEqual(refused)
  })

  test('are not counted where the limit is 0', async () => {
    const attempt = limited(0)
    for (let count = 0; count < 100; count++) expect(await attempt('wrong')).toEqual(refused)
  })
})

test('addresses of one network of IPv6 count as one', () => {
  expect(networkOf('192.0.2.1')).toBe('192.0.2.1')
  expect(networkOf('::ffff:192.0.2.1')).toBe('192.0.2.1')
  expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
  expect(networkOf('2001:DB8::6')).toBe('2001:db8:0:0::/64')
  expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
  expect(networkOf('::1')).toBe('0:0:0:0::/64')
})
