import { GoetheError } from '@goethe/core'
import { eventLogMethods } from '@goethe/protocol'
import { describe, expect, it } from 'vitest'
import { decodeAnswer, decodeRequest, encodeAnswer, encodeRequest } from './forward-codec.js'

const part = {
  topic: 'plays',
  payloads: [new Uint8Array([1, 2])],
  expect: undefined,
  producer: undefined,
  time: undefined,
}

describe('the bytes of what is passed on', () => {
  it('name the method in front of its request', () => {
    const { append } = eventLogMethods
    const bytes = encodeRequest(append, part)
    const { path, request } = decodeRequest(bytes)
    expect(path).toBe('/goethe.v1.EventLog/Append')
    expect(append.request.decode(request)).toEqual(part)
    expect(bytes[0]).toBe(path.length)
  })

  describe('with the headers of a span', () => {
    const { append } = eventLogMethods
    const headers = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'c=d' }
    const pathBytes = 1 + append.path.length

    it('give them and the request', () => {
      const { request, ...rest } = decodeRequest(encodeRequest(append, part, headers))
      expect(rest).toEqual({ path: append.path, headers })
      expect(append.request.decode(request)).toEqual(part)
    })

    it('name none where a member sends none', () => {
      expect(decodeRequest(encodeRequest(append, part)).headers).toEqual({})
    })

    it('are the same request to a member that does not know of headers', () => {
      for (const method of Object.values(eventLogMethods)) {
        const value = method.request.decode(new Uint8Array())
        const bytes = encodeRequest(method as never, value as never, headers)
        const request = bytes.subarray(1 + method.path.length)
        expect(request[0]).toBe(0xfa)
        expect(method.request.decode(request)).toMatchObject(value as object)
      }
    })

    it('leave out what is too much, and take nonsense for none', () => {
      const many = encodeRequest(append, part, { baggage: 'x'.repeat(20_000) })
      expect(many).toEqual(encodeRequest(append, part))
      const bytes = encodeRequest(append, part, headers)
      for (const [at, byte] of [
        [pathBytes + 4, 0x7b + 1],
        [pathBytes + 5, 0],
      ] as const) {
        const broken = Buffer.from(bytes)
        broken[at] = byte
        expect(decodeRequest(broken).headers).toEqual({})
        expect(append.request.decode(decodeRequest(broken).request)).toEqual(part)
      }
      for (const length of [3, 4, 50]) {
        const cut = bytes.subarray(0, pathBytes + length)
        expect(() => decodeRequest(cut)).toThrow('no request')
      }
    })
  })

  it('have the last entry in front of an answer', () => {
    const bytes = encodeAnswer({ appliedLsn: 258, outcome: new Uint8Array([7, 8]) })
    expect([...bytes]).toEqual([0, 2, 1, 0, 0, 0, 0, 0, 0, 7, 8])
    expect(decodeAnswer(bytes).appliedLsn).toBe(258)
    const details = { leader: 'goethe-1:1337', leaderUrl: 'http://goethe-1:1338' }
    const outcome = new GoetheError('GOETHE_NOT_LEADER', 'goethe-1 leads', { details })
    const answer = decodeAnswer(encodeAnswer({ appliedLsn: 0, outcome }))
    expect(answer.outcome).toMatchObject({ code: 'GOETHE_NOT_LEADER', details })
  })

  it('that end too early are refused', () => {
    const bytes = encodeRequest(eventLogMethods.append, part)
    for (const length of [0, 1, 26]) {
      expect(() => decodeRequest(bytes.subarray(0, length))).toThrow('no request')
    }
    for (const length of [0, 8]) {
      expect(() => decodeAnswer(new Uint8Array(length))).toThrow('no answer')
    }
  })
})
