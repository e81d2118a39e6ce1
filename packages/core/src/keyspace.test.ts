import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checking } from '../tests-support/seeds.js'
import { appendId, compareBytes, keyspaceNames, keyspaces, within } from './keyspace.js'
import { nameBytes } from './names.js'

const { events, cursors, topics } = keyspaces('')
const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const name = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom('a', 'b', '!', ';', '9', '~', 'ä'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    ),
    minLength: 1,
    maxLength: 6,
  })
  .filter((value) => {
    try {
      nameBytes('topic', value)
      return true
    } catch {
      return false
    }
  })

const eventKey = (topic: string, eventId: bigint): Uint8Array =>
  appendId(events.topicPrefix(topic), eventId)
const compareNames = (first: string, second: string): number =>
  compareBytes(Buffer.from(`${first}:`), Buffer.from(`${second}:`))

describe('keys of events', () => {
  it('sort as their topics and then their ids do', () => {
    fc.assert(
      fc.property(name, name, id, id, (first, second, firstId, secondId) => {
        const order = compareBytes(eventKey(first, firstId), eventKey(second, secondId))
        const ids = firstId < secondId ? -1 : firstId > secondId ? 1 : 0
        const expected = first === second ? ids : compareNames(first, second)
        expect(Math.sign(order)).toBe(Math.sign(expected))
      }),
      checking(300),
    )
  })

  it('give topic and id back', () => {
    fc.assert(
      fc.property(name, id, (topic, eventId) => {
        expect(events.topicAndId(eventKey(topic, eventId))).toEqual({ topic, id: eventId })
      }),
      checking(200),
    )
  })

  it('lie within the range of their topic, and no others do', () => {
    fc.assert(
      fc.property(name, name, id, (topic, other, eventId) => {
        const { gte, lt } = within(events.topicPrefix(topic))
        const key = eventKey(other, eventId)
        const inside = compareBytes(gte, key) <= 0 && compareBytes(key, lt) < 0
        expect(inside).toBe(topic === other)
      }),
      checking(300),
    )
  })
})

describe('a keyspace', () => {
  it('gives the two names of a key back', () => {
    fc.assert(
      fc.property(name, name, (topic, consumer) => {
        expect(cursors.names(cursors.nameKey(topic, consumer))).toEqual({ topic, name: consumer })
        expect(topics.text(topics.key(topic))).toBe(topic)
      }),
      checking(200),
    )
  })

  it('owns its keys alone', () => {
    const all = keyspaces('!log!')
    for (const owner of keyspaceNames) {
      for (const other of keyspaceNames) {
        expect(all[other].owns(all[owner].key('a'))).toBe(owner === other)
        expect(keyspaces('')[other].owns(all[owner].key('a'))).toBe(false)
      }
      const { gte, lt } = all[owner].range()
      expect(compareBytes(gte!, all[owner].key('\u{10ffff}'))).toBeLessThan(0)
      expect(compareBytes(all[owner].key('\u{10ffff}'), lt!)).toBeLessThan(0)
    }
  })
})
