import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checking } from '../tests-support/seeds.js'
import type { Position, TopicSelector } from './read-api.js'
import { ArgumentError } from './errors.js'
import { checkIdOrTime, checkPosition, checkSelector } from './position.js'

const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 3n })

describe('a position', () => {
  it('that is an id, a time, or behind an id, is an id', () => {
    fc.assert(
      fc.property(id, fc.date({ noInvalidDate: true }), (given, date) => {
        expect(checkPosition(given, false)).toEqual({ type: 'id', id: given })
        expect(checkPosition({ after: given }, false)).toEqual({ type: 'id', id: given + 1n })
        const ms = Math.max(date.getTime(), 0)
        const time = BigInt(ms) * 1_000_000n
        const last = 2n ** 64n - 2n
        expect(checkPosition(date, false)).toEqual({ type: 'id', id: time < last ? time : last })
      }),
      checking(200),
    )
  })

  it('that is a sequence or a cursor is one of a single topic', () => {
    expect(checkPosition(5, true)).toEqual({ type: 'sequence', sequence: 5 })
    expect(checkPosition({ cursor: 'a' }, true)).toEqual({ type: 'cursor', consumer: 'a' })
    expect(() => checkPosition(5, false)).toThrow(ArgumentError)
    expect(() => checkPosition({ cursor: 'a' }, false)).toThrow(ArgumentError)
  })

  it('is never anything that is none', () => {
    const none = [
      ...[-1n, 2n ** 64n - 1n, -1, 1.5, NaN, Infinity, 2 ** 53, new Date(NaN), '', 'begin', '5'],
      ...[null, undefined, true, {}, [], { after: 1 }, { after: -1n }, { cursor: '' }],
      ...[{ cursor: 'a:b' }, { after: 1n, cursor: 'a' }, () => 1],
    ]
    for (const value of none) {
      expect(() => checkPosition(value as Position, true)).toThrow(ArgumentError)
    }
  })

  it('in time is never beyond what an id can be', () => {
    const furthest = new Date(8.64e15)
    expect(checkIdOrTime('to', furthest)).toBe(2n ** 64n - 2n)
    expect(checkPosition(furthest, true)).toEqual({ type: 'id', id: 2n ** 64n - 2n })
  })
})

describe('a selector', () => {
  it("is a topic, a prefix, or '*'", () => {
    expect(checkSelector('a')).toEqual({ type: 'topic', topic: 'a' })
    for (const [selector, topic, matches] of [
      ['*', 'x', true],
      [{ prefix: '' }, 'x', true],
      [{ prefix: 'a.' }, 'a.b', true],
      [{ prefix: 'a.' }, 'a', false],
    ] as [TopicSelector, string, boolean][]) {
      const checked = checkSelector(selector)
      expect(checked.type === 'prefix' && checked.matches(topic)).toBe(matches)
    }
    for (const none of ['', 'a:b', null, undefined, 5, {}, { prefix: ':' }, { prefix: 5 }]) {
      expect(() => checkSelector(none as TopicSelector)).toThrow(ArgumentError)
    }
  })
})
