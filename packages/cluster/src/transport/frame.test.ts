import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameError, type FrameKind, FrameReader, encodeFrame, frameKinds } from './frame.js'

const kind = fc.constantFrom(...(Object.keys(frameKinds) as FrameKind[]))
const frames = fc.array(
  fc.record({
    kind,
    parts: fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 50 }),
        fc.nat(40_000).map((length) => Buffer.alloc(length, length)),
      ),
      { maxLength: 6 },
    ),
  }),
  { maxLength: 5 },
)

/** Cuts bytes into pieces as a socket might read them. */
function* pieces(bytes: Buffer, lengths: number[]): Generator<Buffer> {
  let at = 0
  for (let turn = 0; at < bytes.length; turn++) {
    const length = lengths.length === 0 ? bytes.length : lengths[turn % lengths.length]!
    yield bytes.subarray(at, at + length)
    at += length
  }
}

function read(bytes: Buffer, lengths: number[] = [], checksum = true, bodyBytesMax = 2 ** 20) {
  const found: { kind: FrameKind; body: Buffer }[] = []
  const reader = new FrameReader(bodyBytesMax, checksum, (kind, body) => {
    found.push({ kind, body })
  })
  for (const piece of pieces(bytes, lengths)) reader.push(piece)
  return found
}

describe('frames', () => {
  test('are the same again however the bytes come', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 70_000 }), { maxLength: 10 })
    fc.assert(
      fc.property(frames, lengths, fc.boolean(), (sent, lengths, checksum) => {
        const bytes = Buffer.concat(
          sent.flatMap(({ kind, parts }) => encodeFrame(kind, parts, checksum)),
        )
        const found = read(bytes, lengths, checksum)
        expect(found.map(({ kind }) => kind)).toEqual(sent.map(({ kind }) => kind))
        for (const [index, { parts }] of sent.entries()) {
          expect(found[index]!.body.equals(Buffer.concat(parts))).toBe(true)
        }
      }),
    )
  })

  test('with a changed bit are refused or wait for bytes that never come', () => {
    const change = fc.tuple(fc.nat(), fc.nat(7))
    fc.assert(
      fc.property(kind, fc.uint8Array({ maxLength: 100 }), change, (kind, body, [at, bit]) => {
        const bytes = Buffer.concat(encodeFrame(kind, [body], true))
        bytes[at % bytes.length]! ^= 1 << bit
        let found: unknown[] = []
        try {
          found = read(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError)
        }
        expect(found).toEqual([])
      }),
    )
  })

  test('that are too long are refused by their first bytes', () => {
    const [bytes] = encodeFrame('message', [Buffer.alloc(1001)], true)
    expect(() => read(bytes!.subarray(0, 9), [], true, 1000)).toThrow(
      'A frame has 1001 bytes where 1000 are the most',
    )
  })

  test('have large parts that are not copied', () => {
    const large = Buffer.alloc(100_000)
    expect(encodeFrame('message', [Buffer.alloc(3), large], true)[2]).toBe(large)
  })

  test('of many small parts are few buffers', () => {
    const parts = Array.from({ length: 10_000 }, () => Buffer.alloc(100))
    expect(encodeFrame('message', parts, true).length).toBeLessThan(20)
  })

  test('are not handed out after the reader was stopped', () => {
    const found: FrameKind[] = []
    const reader: FrameReader = new FrameReader(100, true, (kind) => {
      found.push(kind)
      reader.stop()
    })
    reader.push(Buffer.concat([...encodeFrame('alive', [], true), ...encodeFrame('end', [], true)]))
    expect(found).toEqual(['alive'])
  })
})
