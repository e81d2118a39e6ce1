import type { EventLogApi } from '../src/api.js'
import {
  assertEqual,
  assertRejects,
  assertThrowsArgumentError,
  assertArgumentError,
} from './assert.js'
import type { Suite } from './suite.js'
import { eventsOf, numbered, payload, texts } from './support.js'

const one = payload('one')

/** Names that are none, for topics, consumers and producers alike. */
const wrongNames: unknown[] = [
  '',
  'x'.repeat(256),
  'ü'.repeat(128),
  'a:b',
  'a\nb',
  'a\u0000',
  'a\u007f',
  'a\u0085',
  'a\ud800',
  5,
  null,
  undefined,
  { toString: () => 'orders' },
]

const wrongPayloads: unknown[] = [
  'text',
  undefined,
  null,
  [],
  new ArrayBuffer(4),
  new Uint16Array(4),
  new DataView(new ArrayBuffer(4)),
  [1, 2],
  [one, undefined],
  [one, 'text'],
  { length: 1, 0: one },
]

const wrongPositions: unknown[] = [
  'middle',
  -1n,
  2n ** 64n,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  new Date(Number.NaN),
  {},
  { after: 5 },
  { cursor: '' },
  null,
  true,
]

type When = 'at once' | 'promise'
type WrongCall = [what: string, when: When, call: (log: EventLogApi) => unknown]

/** The same call with each of these values. */
function withEach(
  what: string,
  when: When,
  values: readonly unknown[],
  call: (log: EventLogApi, value: never) => unknown,
): { what: string; when: When; calls: ((log: EventLogApi) => unknown)[] } {
  return { what, when, calls: values.map((value) => (log) => call(log, value as never)) }
}

const onNames = (
  what: string,
  when: When,
  call: (log: EventLogApi, name: string) => unknown,
): ReturnType<typeof withEach> => withEach(`${what} that is no name`, when, wrongNames, call)

const onPositions = (
  what: string,
  when: When,
  call: (log: EventLogApi, position: bigint) => unknown,
): ReturnType<typeof withEach> => withEach(`${what} that is none`, when, wrongPositions, call)

const families = [
  onNames('append: a topic', 'at once', (log, name) => log.append(name, one)),
  onNames('appendAll: a topic', 'at once', (log, topic) =>
    log.appendAll([{ topic, payloads: one }]),
  ),
  onNames('append: a producer', 'at once', (log, id) => {
    return log.append('a', one, { producer: { id, sequence: 1 } })
  }),
  onNames('read: a topic', 'at once', (log, name) => log.read(name)),
  onNames('seek: a topic', 'promise', (log, name) => log.seek(name, 'start')),
  onNames('cursor: a topic', 'at once', (log, name) => log.cursor(name, 'mailer')),
  onNames('cursor: a consumer', 'at once', (log, name) => log.cursor('a', name)),
  onNames('consumer: a topic', 'at once', (log, name) => log.consumer(name, 'mailer')),
  onNames('consumer: a consumer', 'at once', (log, name) => log.consumer('a', name)),
  onNames('describe: a topic', 'promise', (log, name) => log.describe(name)),
  onNames('histogram: a topic', 'promise', (log, name) => log.histogram(name)),
  onNames('trim: a topic', 'promise', (log, name) => log.trim(name, { before: 1 })),
  onNames('setRetention: a topic', 'promise', (log, name) => log.setRetention(name, null)),
  onNames('deleteTopic: a topic', 'promise', (log, name) => log.deleteTopic(name)),
  withEach('append: what is no payload', 'at once', wrongPayloads, (log, wrong) => {
    return log.append('a', wrong)
  }),
  withEach('appendAll: what is no payload', 'at once', wrongPayloads, (log, wrong) => {
    return log.appendAll([{ topic: 'a', payloads: wrong }])
  }),
  onPositions('read: a position', 'at once', (log, from) => log.read('a', { from })),
  onPositions('seek: a position', 'promise', (log, position) => log.seek('a', position)),
  onPositions('cursor.read: a position', 'at once', (log, from) => {
    return log.cursor('a', 'm').read({ from })
  }),
  onPositions('cursor.seek: a position', 'promise', (log, position) => {
    return log.cursor('a', 'm').seek(position)
  }),
  onPositions('consumer: a position', 'at once', (log, from) => log.consumer('a', 'm', { from })),
  onPositions('trim: a position', 'promise', (log, before) => log.trim('a', { before })),
]

/** Each of these is refused with ArgumentError: thrown at once, or by the promise. */
const wrongCalls: WrongCall[] = [
  ['trim without before', 'promise', (log) => log.trim('a', {} as { before: bigint })],
  ['trim without options', 'promise', (log) => log.trim('a', undefined as never)],
  ["read of '*' from a sequence", 'at once', (log) => log.read('*', { from: 5 })],
  ["read of '*' from a cursor", 'at once', (log) => log.read('*', { from: { cursor: 'm' } })],
  ['read: to: a sequence', 'at once', (log) => log.read('a', { to: 5 as unknown as bigint })],
  ['read: limit: -1', 'at once', (log) => log.read('a', { limit: -1 })],
  ['read: limit: a fraction', 'at once', (log) => log.read('a', { limit: 1.5 })],
  ['read: follow in reverse', 'at once', (log) => log.read('a', { follow: true, reverse: true })],
  ['read: follow: a word', 'at once', (log) => log.read('a', { follow: 'yes' as never })],
  ['read: signal: a word', 'at once', (log) => log.read('a', { signal: 'stop' as never })],
  ['read: a prefix that is none', 'at once', (log) => log.read({ prefix: 5 as never })],
  ['read: several topics as an array', 'at once', (log) => log.read(['a'] as never)],
  ['seek: nearest: a word', 'promise', (log) => log.seek('a', 1, { nearest: 'any' as never })],
  ["append: a topic named '*'", 'at once', (log) => log.append('*', one)],
  ['append: expect: -1', 'at once', (log) => log.append('a', one, { expect: -1 })],
  ['append: expect: a word', 'at once', (log) => log.append('a', one, { expect: 'full' as never })],
  [
    'append: producer: sequence -1',
    'at once',
    (log) => log.append('a', one, { producer: { id: 'p', sequence: -1 } }),
  ],
  [
    'append: producer: sequence 0.5',
    'at once',
    (log) => log.append('a', one, { producer: { id: 'p', sequence: 0.5 } }),
  ],
  ['append: time: before 1970', 'at once', (log) => log.append('a', one, { time: new Date(-1) })],
  ['append: time: invalid', 'at once', (log) => log.append('a', one, { time: new Date('x') })],
  ['append: time: a number', 'at once', (log) => log.append('a', one, { time: 5 as never })],
  ['append: time: negative', 'at once', (log) => log.append('a', one, { time: -1n })],
  ['append: options: a word', 'at once', (log) => log.append('a', one, 'fast' as never)],
  ['append: signal: an object', 'at once', (log) => log.append('a', one, { signal: {} as never })],
  ['appendAll: no entries', 'at once', (log) => log.appendAll([])],
  ['appendAll: no array', 'at once', (log) => log.appendAll({} as never)],
  ['appendAll: an entry that is null', 'at once', (log) => log.appendAll([null as never])],
  [
    'appendAll: a producer for some of the entries',
    'at once',
    (log) =>
      log.appendAll([
        { topic: 'a', payloads: one, producer: { id: 'p', sequence: 1 } },
        { topic: 'b', payloads: one },
      ]),
  ],
  ['cursor: hold: a word', 'at once', (log) => log.cursor('a', 'm', { hold: 'yes' as never })],
  ['commit: no event', 'promise', (log) => log.cursor('a', 'm').commit(undefined as never)],
  ['commit: an id alone', 'promise', (log) => log.cursor('a', 'm').commit(5n as never)],
  [
    'commit: an event of another topic',
    'promise',
    (log) => log.cursor('a', 'm').commit({ id: 1n, sequence: 1, topic: 'b' } as never),
  ],
  ['consumer: maxInFlight: 0', 'at once', (log) => log.consumer('a', 'm', { maxInFlight: 0 })],
  ['consumer: ackTimeoutMs: -1', 'at once', (log) => log.consumer('a', 'm', { ackTimeoutMs: -1 })],
  ['consumer: maxAttempts alone', 'at once', (log) => log.consumer('a', 'm', { maxAttempts: 3 })],
  ['consumer: deadLetter alone', 'at once', (log) => log.consumer('a', 'm', { deadLetter: 'd' })],
  [
    'consumer: its own topic for dead letters',
    'at once',
    (log) => log.consumer('a', 'm', { maxAttempts: 3, deadLetter: 'a' }),
  ],
  ['topics: limit: 0', 'promise', (log) => log.topics({ limit: 0 })],
  ['topics: limit: 10,001', 'promise', (log) => log.topics({ limit: 10_001 })],
  ['cursors: limit: 0', 'promise', (log) => log.cursors({ limit: 0 })],
  ['cursors: after: a word', 'promise', (log) => log.cursors({ after: 'm' as never })],
  [
    'histogram: interval: a word',
    'promise',
    (log) => log.histogram('a', { interval: 'h' as never }),
  ],
  [
    'histogram: interval: finer than the index',
    'promise',
    (log) => log.histogram('a', { interval: '1m' }),
  ],
  ['histogram: from: a number', 'promise', (log) => log.histogram('a', { from: 5 as never })],
  ['setRetention: no bound', 'promise', (log) => log.setRetention('a', {})],
  ['setRetention: undefined', 'promise', (log) => log.setRetention('a', undefined as never)],
  ['setRetention: count: 0', 'promise', (log) => log.setRetention('a', { count: 0 })],
  ['exportTo: no sink', 'promise', (log) => log.exportTo(undefined as never)],
  ['exportTo: after: a number', 'promise', (log) => log.exportTo(() => 0, { after: 5 as never })],
  ['importFrom: an array', 'promise', (log) => log.importFrom([one] as never)],
  ...(
    [
      ['append', 'at once', (log, options) => log.append('a', one, options)],
      [
        'appendAll',
        'at once',
        (log, options) => log.appendAll([{ topic: 'a', payloads: one }], options),
      ],
      [
        'an entry of appendAll',
        'at once',
        (log, options) => log.appendAll([{ topic: 'a', payloads: one, ...options }]),
      ],
      ['read', 'at once', (log, options) => log.read('a', options)],
      ['seek', 'promise', (log, options) => log.seek('a', 1, options)],
      ['cursor', 'at once', (log, options) => log.cursor('a', 'm', options)],
      ['cursor.read', 'at once', (log, options) => log.cursor('a', 'm').read(options)],
      ['consumer', 'at once', (log, options) => log.consumer('a', 'm', options)],
      ['topics', 'promise', (log, options) => log.topics(options)],
      ['histogram', 'promise', (log, options) => log.histogram('a', options)],
      ['cursors', 'promise', (log, options) => log.cursors(options)],
      ['trim', 'promise', (log, options) => log.trim('a', { before: 1, ...options })],
      [
        'setRetention',
        'promise',
        (log, options) => log.setRetention('a', { count: 1, ...options }),
      ],
      ['verify', 'at once', (log, options) => log.verify(options)],
      ['exportTo', 'promise', (log, options) => log.exportTo(() => 0, options)],
      ['importFrom', 'promise', (log, options) => log.importFrom(nothing(), options)],
    ] as [string, When, (log: EventLogApi, options: object) => unknown][]
  ).map(([what, when, call]): WrongCall => [
    `${what}: an unknown option`,
    when,
    (log) => call(log, { colour: 'red' }),
  ]),
]

export function errorTests({ group, test }: Suite): void {
  group('errors: wrong arguments', () => {
    test('none of them changes the log, which goes on', async ({ log }) => {
      await log.append('a', one)
      for (const call of [
        ...families.flatMap(({ calls }) => calls),
        ...wrongCalls.map(([, , single]) => single),
      ]) {
        try {
          await call(log)
        } catch {
          // What is thrown is the matter of the tests below.
        }
      }
      assertEqual(await log.topics(), ['a'])
      assertEqual((await log.append('a', numbered('o', 2))).firstSequence, 2)
      assertEqual(texts(await eventsOf(log, 'a')), ['one', 'o1', 'o2'])
    })

    const all = [
      ...families,
      ...wrongCalls.map(([what, when, call]) => ({ what, when, calls: [call] })),
    ]
    for (const { what, when, calls } of all) {
      if (when === 'at once') {
        test(`${what} throws ArgumentError at once`, async ({ log }) => {
          for (const call of calls) assertThrowsArgumentError(() => call(log))
        })
      } else {
        test(`${what} is refused with ArgumentError`, async ({ log }) => {
          await log.append('a', one)
          for (const call of calls) await assertArgumentError(() => call(log))
        })
      }
    }
  })

  group('errors: a closed log', () => {
    const calls: [string, (log: EventLogApi) => unknown][] = [
      ['append', (log) => log.append('a', one)],
      ['appendAll', (log) => log.appendAll([{ topic: 'a', payloads: one }])],
      ['read', (log) => log.read('a').toArray()],
      ['seek', (log) => log.seek('a', 1)],
      ['cursor', (log) => log.cursor('a', 'm').lag()],
      ['consumer', (log) => log.consumer('a', 'm')[Symbol.asyncIterator]().next()],
      ['topics', (log) => log.topics()],
      ['describe', (log) => log.describe('a')],
      ['histogram', (log) => log.histogram('a')],
      ['cursors', (log) => log.cursors()],
      ['trim', (log) => log.trim('a', { before: 1 })],
      ['setRetention', (log) => log.setRetention('a', null)],
      ['deleteTopic', (log) => log.deleteTopic('a')],
      ['verify', (log) => log.verify().next()],
      ['exportTo', (log) => log.exportTo(() => 0)],
      ['importFrom', (log) => log.importFrom(nothing())],
    ]
    for (const [name, call] of calls) {
      test(`${name} is GOETHE_CLOSED`, async ({ log }) => {
        await log.append('a', one)
        await log.close()
        await assertRejects('GOETHE_CLOSED', () => call(log))
      })
    }

    test('closing again is no error', async ({ log }) => {
      await Promise.all([log.close(), log.close()])
      await log.close()
    })

    test('what was accepted before is finished', { needs: ['reopen'] }, async (subject) => {
      const appends = Array.from({ length: 50 }, () => subject.log.append('a', one))
      await subject.log.close()
      await Promise.all(appends)
      await subject.reopen()
      assertEqual((await eventsOf(subject.log, 'a')).length, 50)
    })
  })
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
