import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ArgumentError, type GoetheError, isGoetheError } from '@goethe/core'
import { type Grant, type Right, everybody } from '../identity.js'
import { ReopenableLog } from '../reopenable-log.js'
import type { ServedLog } from '../served-log.js'
import { authorized } from './authorized-log.js'

const payload = new Uint8Array([1])

/** What a call asks for: a right, and a topic or (ending with `**`) all topics with a prefix. */
type Need = readonly [Right, string]

interface Case {
  call(log: ServedLog): unknown
  needs: readonly Need[]
}

/**
 * Every method, with what it needs. A method that is added to ServedLog has to be added here: that
 * is what the test of the names is for.
 */
const cases: Record<string, (a: string, b: string) => Case[]> = {
  append: (a) => [{ call: (log) => log.append(a, payload), needs: [['append', a]] }],
  appendAll: (a, b) => [
    {
      call: (log) => log.appendAll([a, b].map((topic) => ({ topic, payloads: payload }))),
      needs: [
        ['append', a],
        ['append', b],
      ],
    },
  ],
  read: (a) => [
    { call: (log) => log.read(a), needs: [['read', a]] },
    { call: (log) => log.read(a, { from: 5, follow: true }), needs: [['read', a]] },
    { call: (log) => log.read({ prefix: a }), needs: [['read', `${a}**`]] },
    { call: (log) => log.read('*'), needs: [['read', '**']] },
    { call: (log) => log.read({ prefix: '' }), needs: [['read', '**']] },
    {
      call: (log) => log.read(a, { from: { cursor: 'somebody' } }),
      needs: [
        ['read', a],
        ['consume', a],
      ],
    },
  ],
  seek: (a) => [
    { call: (log) => log.seek(a, 'start'), needs: [['read', a]] },
    {
      call: (log) => log.seek(a, { cursor: 'somebody' }),
      needs: [
        ['read', a],
        ['consume', a],
      ],
    },
  ],
  cursor: (a) => [{ call: (log) => log.cursor(a, 'me'), needs: [['consume', a]] }],
  consumer: (a, b) => [
    { call: (log) => log.consumer(a, 'me'), needs: [['consume', a]] },
    {
      call: (log) => log.consumer(a, 'me', { maxAttempts: 3, deadLetter: b }),
      needs: [
        ['consume', a],
        ['append', b],
      ],
    },
  ],
  describe: (a) => [{ call: (log) => log.describe(a), needs: [['read', a]] }],
  histogram: (a) => [
    { call: (log) => log.histogram(a), needs: [['read', a]] },
    { call: (log) => log.histogram({ prefix: a }), needs: [['read', `${a}**`]] },
    { call: (log) => log.histogram('*'), needs: [['read', '**']] },
  ],
  trim: (a) => [
    { call: (log) => log.trim(a, { before: 1n }), needs: [['admin', a]] },
    {
      call: (log) => log.trim(a, { before: { cursor: 'somebody' } as never }),
      needs: [
        ['admin', a],
        ['consume', a],
      ],
    },
  ],
  setRetention: (a) => [{ call: (log) => log.setRetention(a, null), needs: [['admin', a]] }],
  deleteTopic: (a) => [{ call: (log) => log.deleteTopic(a), needs: [['admin', a]] }],
  verify: () => [{ call: (log) => log.verify(), needs: [['admin', '**']] }],
  exportTo: () => [{ call: (log) => log.exportTo(() => undefined), needs: [['admin', '**']] }],
  importFrom: () => [{ call: (log) => log.importFrom(nothing()), needs: [['admin', '**']] }],
  close: () => [{ call: (log) => log.close(), needs: [['admin', '**']] }],
  [Symbol.asyncDispose.toString()]: () => [
    { call: (log) => log[Symbol.asyncDispose](), needs: [['admin', '**']] },
  ],
  status: () => [{ call: (log) => log.status(), needs: [] }],
  confirm: () => [{ call: (log) => log.confirm(), needs: [] }],
}

/** They are never refused, but cut down; visible-lists.int.test.ts is about them. */
const listing = ['topics', 'cursors']

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Takes every call and remembers which. */
function recordingLog(): { log: ServedLog; calls: string[] } {
  const calls: string[] = []
  const log = new Proxy({} as ServedLog, {
    get: (_target, name) => {
      if (name === 'id') return 'log'
      return () => {
        calls.push(String(name))
        return Promise.resolve([])
      }
    },
  })
  return { log, calls }
}

/** The rule once more, by looking at letters one by one. */
function isGranted(grants: readonly Grant[], [right, asked]: Need): boolean {
  return grants.some(({ topics, rights }) => {
    if (!rights.some((given) => given === right)) return false
    const letters = Array.from(topics)
    const isPattern = letters.at(-1) === '*'
    const fixed = isPattern ? letters.slice(0, -1) : letters
    const isPrefix = asked.endsWith('**')
    const wanted = Array.from(isPrefix ? asked.slice(0, -2) : asked)
    if (isPrefix && !isPattern) return false
    if (!fixed.every((letter, at) => wanted[at] === letter)) return false
    return isPattern || wanted.length === fixed.length
  })
}

async function outcomeOf(log: ServedLog, { call }: Case): Promise<GoetheError | undefined> {
  try {
    await call(log)
    return undefined
  } catch (error) {
    if (isGoetheError(error)) return error
    throw error
  }
}

const names = fc.constantFrom('a', 'ab', 'abc', 'b', 'a-', 'a*b', 'a*', 'ä', '😀', '😀a')
const patterns = fc.oneof(
  names,
  names.map((name) => `${name}*`),
  fc.constantFrom('*', '**', 'a**', '', '\ud83d*', ':*', 'a:*'),
)
const rights = fc.uniqueArray(fc.constantFrom<Right>('read', 'append', 'consume', 'admin'), {
  minLength: 1,
})
const grantsArbitrary = fc.array(fc.record({ topics: patterns, rights }), { maxLength: 4 })

describe('a log cut down to the rights of an identity', () => {
  test('every method of a served log is covered here', () => {
    const methods = Reflect.ownKeys(ReopenableLog.prototype)
      .filter((name) => name !== 'constructor' && name !== 'id')
      .map(String)
    expect([...Object.keys(cases), ...listing].sort()).toEqual(methods.sort())
    const own = Reflect.ownKeys(
      Object.getPrototypeOf(authorized(recordingLog().log, { name: '', grants: [] })),
    )
    expect(
      own
        .filter((name) => name !== 'constructor')
        .map(String)
        .sort(),
    ).toEqual(methods)
  })

  test('does what is granted and nothing else, whatever the grants', async () => {
    await fc.assert(
      fc.asyncProperty(grantsArbitrary, names, names, async (grants, a, b) => {
        fc.pre(a !== b)
        for (const [method, make] of Object.entries(cases)) {
          for (const one of make(a, b)) {
            const { log, calls } = recordingLog()
            const error = await outcomeOf(authorized(log, { name: 'me', grants }), one)
            const missing = one.needs.find((need) => !isGranted(grants, need))
            if (missing === undefined) {
              expect(error, `${method} ${a} ${b}`).toBeUndefined()
              expect(calls).toHaveLength(1)
              continue
            }
            const [right, asked] = missing
            const topics = asked.endsWith('**') ? asked.slice(0, -1) : asked
            expect(calls, `${method} ${a} ${b}`).toEqual([])
            expect(error?.code).toBe('GOETHE_FORBIDDEN')
            expect(error?.message).toBe(`This identity has no right to ${right} '${topics}'`)
            expect(error?.details).toEqual({})
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  test('whoever may do everything works on the log itself', () => {
    const { log } = recordingLog()
    expect(authorized(log, everybody)).toBe(log)
  })

  test('a star is special only at the end of a pattern', async () => {
    const { log } = recordingLog()
    const mine = authorized(log, { name: 'me', grants: [{ topics: 'a*b', rights: ['read'] }] })
    await expect(mine.describe('axb')).rejects.toMatchObject({ code: 'GOETHE_FORBIDDEN' })
    await expect(mine.describe('a*b')).resolves.toEqual([])
  })

  test('wrong arguments throw at once, also where nothing is granted', async () => {
    const { log, calls } = recordingLog()
    const mine = authorized(log, { name: 'me', grants: [] })
    expect(() => mine.append('a:b', payload)).toThrow(ArgumentError)
    expect(() => mine.append(undefined as never, payload)).toThrow(ArgumentError)
    expect(() => mine.append('*', payload)).toThrow(ArgumentError)
    expect(() => mine.appendAll('x' as never)).toThrow(ArgumentError)
    expect(() => mine.read({ prefix: '*' })).toThrow(ArgumentError)
    expect(() => mine.read(['a', 'b'] as never)).toThrow(ArgumentError)
    await expect(mine.describe('')).rejects.toThrow(ArgumentError)
    await expect(mine.topics({ limit: 0 })).rejects.toThrow(ArgumentError)
    await expect(mine.cursors({ limit: 0 })).rejects.toThrow(ArgumentError)
    expect(calls).toEqual([])
  })

  test('an append that is refused rejects and does not throw', async () => {
    const { log } = recordingLog()
    const mine = authorized(log, { name: 'me', grants: [] })
    const refused = mine.append('a', payload)
    await expect(refused).rejects.toMatchObject({ code: 'GOETHE_FORBIDDEN' })
  })
})
