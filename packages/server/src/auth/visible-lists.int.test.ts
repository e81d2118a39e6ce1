import fc from 'fast-check'
import { type CursorDescription, type EventLog, isGoetheError } from '@goethe/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TempFolder, tempFolder } from '../../tests-support/temp-folder.js'
import type { Grant, Right } from '../identity.js'
import { openStore } from '../open-store.js'
import type { ServedLog } from '../served-log.js'
import { authorized } from './authorized-log.js'

// Some are the beginning of others, and some sort differently as strings, as bytes, and with what
// separates them from consumers behind them.
const topics = ['a', 'a b', 'a-b', 'a-c', 'ab', 'abc', 'a😀', 'a\uffee', 'b', 'b*', 'b*c', 'ä']
const consumers = ['x', 'y', 'ü']

let folder: TempFolder
let log: EventLog

beforeAll(async () => {
  folder = await tempFolder()
  log = await openStore(folder.path, { durability: 'os' })
  for (const topic of topics) await log.append(topic, new Uint8Array([1]))
  for (const topic of topics.filter((_, at) => at % 3 !== 2)) {
    for (const consumer of consumers) await log.cursor(topic, consumer).seek('start')
  }
})
afterAll(async () => {
  await log.close()
  await folder[Symbol.asyncDispose]()
})

const rights = fc.uniqueArray(fc.constantFrom<Right>('read', 'append', 'consume', 'admin'), {
  minLength: 1,
})
const patterns = fc.oneof(
  fc.constantFrom(...topics, 'nowhere'),
  fc.constantFrom(...topics).map((name) => `${name}*`),
  fc.constantFrom('*', 'a ', 'z*', '\ud83d*', 'a\ud83d*', ':*'),
)
const grantsArbitrary = fc.array(fc.record({ topics: patterns, rights }), { maxLength: 5 })

function sees(grants: readonly Grant[], topic: string, some: readonly Right[]): boolean {
  return grants.some((grant) => {
    if (!grant.rights.some((right) => some.includes(right))) return false
    if (!grant.topics.endsWith('*')) return grant.topics === topic
    const prefix = Array.from(grant.topics.slice(0, -1))
    return prefix.every((letter, at) => Array.from(topic)[at] === letter)
  })
}

describe('lists of an identity', () => {
  test('hold the topics that it may see, in order, page by page', async () => {
    await fc.assert(
      fc.asyncProperty(
        grantsArbitrary,
        fc.constantFrom(undefined, 'a', 'a-', 'b', 'z'),
        fc.constantFrom(undefined, ...topics, 'a.', '0', 'zz'),
        fc.integer({ min: 1, max: 4 }),
        async (grants, prefix, after, limit) => {
          const all = await log.topics({ prefix, after })
          const seen = all.filter((topic) => sees(grants, topic, ['read', 'consume', 'admin']))
          const mine = authorized(log, { name: 'me', grants })
          const found: string[] = []
          for (let last = after; ; last = found.at(-1)) {
            const page = await mine.topics({ prefix, after: last, limit })
            found.push(...page)
            if (page.length < limit) break
          }
          expect(found).toEqual(seen)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('hold the cursors that it may see, in order, page by page', async () => {
    const all = await log.cursors()
    const places = all.map(({ topic, consumer }) => ({ topic, consumer }))
    await fc.assert(
      fc.asyncProperty(
        grantsArbitrary,
        fc.constantFrom(undefined, ...places, { topic: 'a.', consumer: 'q' }),
        fc.constantFrom(undefined, 'a', 'a-'),
        fc.integer({ min: 1, max: 4 }),
        async (grants, start, prefix, limit) => {
          const rest = await log.cursors({ after: start, prefix })
          const seen = rest.filter(({ topic }) => sees(grants, topic, ['consume', 'admin']))
          const mine = authorized(log, { name: 'me', grants })
          const found: CursorDescription[] = []
          for (let after = start; ; after = found.at(-1)) {
            const last = after && { topic: after.topic, consumer: after.consumer }
            const page = await mine.cursors({ after: last, prefix, limit })
            found.push(...page)
            if (page.length < limit) break
          }
          expect(found).toEqual(seen)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('the cursors of one topic are refused alike whether there is such a topic or not', async () => {
    const mine = authorized(log, { name: 'me', grants: [{ topics: 'b', rights: ['consume'] }] })
    expect(await mine.cursors({ topic: 'b' })).toHaveLength(
      (await log.cursors({ topic: 'b' })).length,
    )
    for (const topic of ['a', 'nowhere']) {
      const error = await mine.cursors({ topic }).catch((reason: unknown) => reason)
      expect(isGoetheError(error, 'GOETHE_FORBIDDEN')).toBe(true)
    }
  })

  test('cost as many questions as there are patterns, however many topics are hidden', async () => {
    let questions = 0
    const counting = new Proxy(log as ServedLog, {
      get(target, name) {
        if (name !== 'topics' && name !== 'cursors') return undefined
        return (options: object) => {
          questions++
          return target[name](options as never)
        }
      },
    })
    const rights: Right[] = ['consume']
    const grants = ['a-*', 'ab', 'nowhere', 'a-b'].map((topic) => ({ topics: topic, rights }))
    const mine = authorized(counting, { name: 'me', grants })
    expect(await mine.topics()).toEqual(['a-b', 'a-c', 'ab'])
    expect(questions).toBe(3)
    await mine.cursors()
    expect(questions).toBe(6)
  })
})
