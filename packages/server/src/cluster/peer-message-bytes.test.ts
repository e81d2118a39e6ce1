import { describe, expect, it } from 'vitest'
import { defaultConfig, readConfig } from '../config.js'
import { peerMessageBytesMax } from './peer-message-bytes.js'

const mebibyte = 1024 * 1024

/** What a server is told that is to take events of this size. */
const configFor = (eventBytesMax: string, messageBytesMax: string) =>
  readConfig({
    env: {},
    flags: {
      eventBytesMax,
      limitsMessageBytesMax: messageBytesMax,
      limitsInFlightBytes: '64 GiB',
      limitsInFlightBytesPerConnection: '64 GiB',
    },
  })

describe('the largest message between members', () => {
  it('has room for all that a client may write at once', () => {
    const config = defaultConfig()
    expect(peerMessageBytesMax(config)).toBeGreaterThan(config.limits.messageBytesMax)
    expect(peerMessageBytesMax(config)).toBeGreaterThan(config.eventBytesMax)
  })

  it('grows with the largest event', () => {
    const config = configFor('512 MiB', '600 MiB')
    expect(peerMessageBytesMax(config)).toBe(1_201 * mebibyte)
    expect(peerMessageBytesMax(configFor('1 GiB', '1.5 GiB'))).toBeGreaterThan(3_000 * mebibyte)
  })

  it('is no more than its length can say, nor less than what others may send', () => {
    const config = configFor('1 GiB', '2147483647B')
    expect(peerMessageBytesMax(config)).toBe(4_095 * mebibyte)
    expect(peerMessageBytesMax(configFor('1 MiB', '2 MiB'))).toBe(64 * mebibyte)
  })
})
