/** The largest message between members: each write goes to the others as one. */
import type { Config } from '../config.js'

const mebibyte = 1024 * 1024

/** As long as nobody asks for larger writes. */
const bytesMaxDefault = 64 * mebibyte

/** The length of a message is a number of 32 bits. */
const bytesMaxLimit = 4096 * mebibyte - mebibyte

/**
 * A write is at most what a client sends in one message (`limits.messageBytesMax`, which no event is
 * larger than), and lies in the log as it was sent; the rest is for keys, indexes and topics.
 */
export function peerMessageBytesMax({ limits }: Pick<Config, 'limits'>): number {
  const bytesMax = Math.max(bytesMaxDefault, 2 * limits.messageBytesMax + mebibyte)
  return Math.min(bytesMax, bytesMaxLimit)
}
