import { expect, it } from 'vitest'
import { releaseBytes } from './released-bytes.js'

it('empties large bytes, whose memory is free from then on', () => {
  const bytes = Buffer.allocUnsafeSlow(64 * 1024)
  releaseBytes(bytes)
  expect(bytes.length).toBe(0)
  expect(bytes.buffer.byteLength).toBe(0)
})

it('leaves bytes that share their memory with others, and small ones', () => {
  const shared = Buffer.allocUnsafeSlow(64 * 1024).subarray(0, 63 * 1024)
  const small = Buffer.allocUnsafeSlow(100)
  releaseBytes(shared)
  releaseBytes(small)
  expect([shared.length, small.length]).toEqual([63 * 1024, 100])
})
