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
