import { PassThrough } from 'node:stream'
import type { Socket } from 'node:net'
import { type ManualClock, manualClock } from '@goethe/core/testing'
import { describe, expect, test } from 'vitest'
import { encodeFrame } from './frame.js'
import { FrameConnection } from './frame-connection.js'

/** A connection to which bytes come when a test says so, and how often it told of more of a frame. */
function connection(): { clock: ManualClock; read(bytes: Buffer): void; told(): number } {
  const clock = manualClock()
  const socket = new PassThrough()
  let told = 0
  const options = { clock, keepaliveMs: 500, silenceMs: 2_000, queueBytesMax: 1_000 }
  const opened = new FrameConnection(socket as unknown as Socket, options, {
    onFrame: () => undefined,
    onReceiving: () => {
      told++
    },
    onEnd: () => undefined,
  })
  opened.open(2 ** 20)
  return { clock, read: (bytes) => void socket.emit('data', bytes), told: () => told }
}

const frame = (bytes: number): Buffer =>
  Buffer.concat(encodeFrame('message', [Buffer.alloc(bytes)], true))

describe('a frame that takes long', () => {
  test('is told of every 100 ms, as long as more of it comes', () => {
    const { clock, read, told } = connection()
    const bytes = frame(100_000)
    for (let at = 0; at < 50_000; at += 5_000) {
      read(bytes.subarray(at, at + 5_000))
      clock.advance(50)
    }
    expect(told()).toBe(5)
    clock.advance(1_000)
    expect(told()).toBe(5)
    read(bytes.subarray(50_000, 55_000))
    clock.advance(99)
    read(bytes.subarray(55_000, 60_000))
    expect(told()).toBe(5)
    clock.advance(1)
    expect(told()).toBe(6)
    read(bytes.subarray(60_000))
    clock.advance(1_000)
    expect(told()).toBe(6)
  })

  test('is none of many that come one after the other, in pieces', () => {
    const { clock, read, told } = connection()
    const frames = Buffer.concat(Array.from({ length: 20 }, () => frame(1_000)))
    for (let at = 0; at < frames.length; at += 700) {
      read(frames.subarray(at, at + 700))
      clock.advance(30)
    }
    expect(told()).toBe(0)
  })

  test('is told of while its first bytes alone are here', () => {
    const { clock, read, told } = connection()
    const bytes = frame(100_000)
    read(bytes.subarray(0, 3))
    clock.advance(50)
    read(bytes.subarray(3, 12))
    clock.advance(50)
    expect(told()).toBe(1)
  })
})
