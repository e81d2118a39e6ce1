import { status } from '@grpc/grpc-js'
import {
  type Method,
  create,
  eventLogMethods,
  legacyMethods,
  messages as m,
  positionToMessage,
  selectorToMessage,
} from '@goethe/protocol'
import { isGoetheError } from '@goethe/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type GrpcCaller, grpcCaller } from '../../tests-support/grpc-caller.js'
import { type LimitedServer, startLimitedServer } from '../../tests-support/limited-server.js'

let limited: LimitedServer
let clerk: GrpcCaller
let port: number

beforeAll(async () => {
  limited = await startLimitedServer({ flags: { legacy: true, 'limits-tails-per-topic': 1 } })
  port = limited.server.server.addresses.grpc.port
  clerk = grpcCaller(port, { token: limited.token })
})
afterAll(async () => {
  clerk.close()
  await limited.server[Symbol.asyncDispose]()
})

const payloads = [Buffer.from('x')]
const start = positionToMessage('start')

/** Every method, and how it is asked about a topic; several ways where there are. */
const questions: Record<string, (topic: string) => unknown[]> = {
  append: (topic) => [{ topic, payloads }],
  appendAll: (topic) => [
    create(m.AppendAllRequestSchema, {
      entries: [
        { topic: 'orders-1', payloads },
        { topic, payloads },
      ],
    }),
  ],
  appendStream: (topic) => [
    [{ topic, payloads }],
    [{ topic: 'orders-1', payloads, also: [{ topic, payloads }] }],
  ],
  read: (topic) => [
    create(m.ReadRequestSchema, { topics: selectorToMessage(topic) }),
    create(m.ReadRequestSchema, { topics: selectorToMessage(topic), follow: true }),
    create(m.ReadRequestSchema, {
      topics: selectorToMessage(topic),
      from: positionToMessage('end'),
      follow: true,
    }),
  ],
  seek: (topic) => [create(m.SeekRequestSchema, { topic, position: start })],
  openCursor: (topic) => [create(m.OpenCursorRequestSchema, { topic, consumer: 'reader' })],
  getCursor: (topic) => [create(m.GetCursorRequestSchema, { topic, consumer: 'reader' })],
  commitCursor: (topic) => [
    create(m.CommitCursorRequestSchema, { topic, consumer: 'reader', id: 1n, sequence: 1n }),
  ],
  seekCursor: (topic) => [
    create(m.SeekCursorRequestSchema, { topic, consumer: 'reader', position: start }),
  ],
  deleteCursor: (topic) => [create(m.DeleteCursorRequestSchema, { topic, consumer: 'reader' })],
  listCursors: (topic) => [create(m.ListCursorsRequestSchema, { topic })],
  describeTopic: (topic) => [create(m.DescribeTopicRequestSchema, { topic })],
  histogram: (topic) => [create(m.HistogramRequestSchema, { topics: selectorToMessage(topic) })],
  setRetention: (topic) => [create(m.SetRetentionRequestSchema, { topic })],
  trimTopic: (topic) => [
    create(m.TrimTopicRequestSchema, { topic, before: positionToMessage(1n) }),
  ],
  deleteTopic: (topic) => [create(m.DeleteTopicRequestSchema, { topic })],
  consume: (topic) => [
    command({ topic, consumer: 'reader' }),
    command({ topic: 'orders-1', consumer: 'reader', maxAttempts: 1n, deadLetter: topic }),
  ],
}

/** They are about the whole log. */
const whole: Record<string, unknown> = {
  verify: create(m.VerifyRequestSchema),
  export: create(m.ExportRequestSchema),
  import: create(m.ImportRequestSchema),
}

/** They are never refused: lists are cut down, and the status names no topic. */
const open = ['listTopics', 'status']

function command(opening: Partial<m.ConsumeOpen>): unknown {
  const open = create(m.ConsumeOpenSchema, opening as never)
  return { open, credit: 10, acks: [], nacks: [], extends: [], releases: [] }
}

function methodOf(name: string): Method<never, never> {
  return eventLogMethods[name as keyof typeof eventLogMethods] as unknown as Method<never, never>
}

/** What refuses a question, wherever in the answer that is. */
async function refusalOf(name: string, message: unknown): Promise<string> {
  const { code, details, messages } = await clerk.ask(methodOf(name), message)
  if (name !== 'appendStream') return `${code} ${details}`
  const [outcome] = messages.flat()
  return isGoetheError(outcome, 'GOETHE_FORBIDDEN') ? `7 ${outcome.message}` : 'not refused'
}

describe('a token for orders-* by gRPC', () => {
  test('is tried with every method', () => {
    const tried = [...Object.keys(questions), ...Object.keys(whole), ...open]
    expect(tried.sort()).toEqual(Object.keys(eventLogMethods).sort())
  })

  test.each(Object.keys(questions))(
    '%s refuses other topics, in the same words whether they exist or not',
    async (name) => {
      for (const topic of ['secret', 'orders', 'nowhere']) {
        for (const message of questions[name]!(topic)) {
          expect(await refusalOf(name, message)).toMatch(
            new RegExp(`^7 This identity has no right to (read|append|consume|admin) '${topic}'$`),
          )
        }
      }
    },
  )

  test.each(Object.keys(whole))(
    '%s is refused for want of the right to all topics',
    async (name) => {
      expect(await refusalOf(name, whole[name])).toBe("7 This identity has no right to admin '*'")
    },
  )

  test.each([
    ['*', '*'],
    [{ prefix: '' }, '*'],
    [{ prefix: 'order' }, 'order*'],
    [{ prefix: 'orders' }, 'orders*'],
    [{ prefix: 's' }, 's*'],
  ] as const)('reading %j is refused, with tails and histogram', async (selector, name) => {
    const topics = selectorToMessage(selector)
    const refusal = `7 This identity has no right to read '${name}'`
    for (const follow of [false, true]) {
      const asked = create(m.ReadRequestSchema, { topics, follow })
      expect(await refusalOf('read', asked)).toBe(refusal)
    }
    const asked = create(m.HistogramRequestSchema, { topics })
    expect(await refusalOf('histogram', asked)).toBe(refusal)
  })

  test('tails of others, as many as there may be, do not show', async () => {
    const root = grpcCaller(port, { token: limited.rootToken })
    const asked = create(m.ReadRequestSchema, { topics: selectorToMessage('secret'), follow: true })
    const leave = await root.begin(methodOf('read'), asked)
    const { code } = await root.ask(methodOf('read'), asked)
    expect(code).toBe(status.RESOURCE_EXHAUSTED)
    expect(await refusalOf('read', asked)).toBe("7 This identity has no right to read 'secret'")
    leave()
    root.close()
  })

  test('lists its own topics and cursors only', async () => {
    const listed = await clerk.ask(methodOf('listTopics'), create(m.ListTopicsRequestSchema))
    expect(listed.messages).toMatchObject([{ topics: ['orders-1', 'orders-2'] }])
    const cursors = await clerk.ask(methodOf('listCursors'), create(m.ListCursorsRequestSchema))
    const [page] = cursors.messages as [m.ListCursorsResponse]
    expect(page.cursors.map(({ topic }) => topic)).toEqual(['orders-1', 'orders-2'])
  })

  test('does in its own topics what it may', async () => {
    const topics = selectorToMessage({ prefix: 'orders-' })
    const read = await clerk.ask(methodOf('read'), create(m.ReadRequestSchema, { topics }))
    expect(read.code).toBe(status.OK)
    expect(read.messages).not.toEqual([])
    const appended = await clerk.ask(methodOf('append'), { topic: 'orders-3', payloads })
    expect(appended.code).toBe(status.OK)
    const deletion = create(m.DeleteTopicRequestSchema, { topic: 'orders-3' })
    expect((await clerk.ask(methodOf('deleteTopic'), deletion)).code).toBe(status.OK)
  })

  test('is refused other topics by the service of the original Goethe too', async () => {
    for (const id of ['secret', 'nowhere']) {
      const produced = await clerk.ask(
        legacyMethods.produce as unknown as Method<never, never>,
        create(m.LegacyEventSchema, { topic: { id }, payload: payloads[0]! }),
      )
      expect(produced).toMatchObject({
        code: status.PERMISSION_DENIED,
        details: `This identity has no right to append '${id}'`,
      })
      const consumed = await clerk.ask(
        legacyMethods.consume as unknown as Method<never, never>,
        create(m.LegacyCursorSchema, { topic: { id }, consumer: 'reader' }),
      )
      expect(consumed).toMatchObject({
        code: status.PERMISSION_DENIED,
        details: `This identity has no right to consume '${id}'`,
        messages: [],
      })
    }
  })
})

describe('without a token that is right', () => {
  test.each([
    ['none', undefined],
    ['a wrong one', 'goethe_wrong'],
  ])('%s: every method is refused', async (_title, token) => {
    const stranger = grpcCaller(port, { token })
    const asked = {
      ...whole,
      listTopics: create(m.ListTopicsRequestSchema),
      status: create(m.StatusRequestSchema),
    }
    for (const [name, ask] of Object.entries(questions)) {
      const { code, messages } = await stranger.ask(methodOf(name), ask('secret')[0])
      expect([name, code, messages]).toEqual([name, status.UNAUTHENTICATED, []])
    }
    for (const [name, message] of Object.entries(asked)) {
      const { code, messages } = await stranger.ask(methodOf(name), message)
      expect([name, code, messages]).toEqual([name, status.UNAUTHENTICATED, []])
    }
    stranger.close()
  })
})
