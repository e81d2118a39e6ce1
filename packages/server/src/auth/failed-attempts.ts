/**
 * Callers that fail to say who they are, by their address. Whoever is known gets through whatever
 * others at the same address do, as behind a proxy all have the same one.
 */
import { isIPv6 } from 'node:net'
import { type Clock, GoetheError, isGoetheError } from '@goethe/core'
import type { Config } from '../config.js'
import { RateLimit } from '../rate-limit.js'
import type { Identify } from '../server-context.js'

/** Answers `GOETHE_LIMIT` to those who fail more often than `limits.failedAttemptsPerMinute`. */
export function limitFailedAttempts(
  identify: Identify,
  { failedAttemptsPerMinute }: Config['limits'],
  clock: Clock,
): Identify {
  if (failedAttemptsPerMinute === 0) return identify
  const attempts = new RateLimit({ count: failedAttemptsPerMinute, intervalMs: 60_000, clock })
  return (headers, certificate, address) =>
    identify(headers, certificate, address).catch((error: unknown) => {
      if (!isGoetheError(error, 'GOETHE_UNAUTHENTICATED')) throw error
      const network = networkOf(address())
      const retryDelayMs = attempts.take(network)
      if (retryDelayMs === 0) throw error
      throw new GoetheError(
        'GOETHE_LIMIT',
        `From ${network}, callers that are not known have come more than ${failedAttemptsPerMinute} ` +
          `times a minute (limits.failedAttemptsPerMinute). ${error.message}`,
        { cause: error, details: { retryDelayMs } },
      )
    })
}

/** Who has one address of IPv6 has 2^64 of them, which count as one. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped !== null) return mapped[1]!
  const [plain = ''] = address.split('%')
  if (!isIPv6(plain)) return address
  const [head = '', tail = ''] = plain.split('::')
  const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const [first, last] = [groupsOf(head), groupsOf(tail)]
  const missing = Math.max(8 - first.length - last.length, 0)
  const groups = [...first, ...new Array<string>(missing).fill('0'), ...last]
  return `${groups.slice(0, 4).join(':').toLowerCase()}::/64`
}
