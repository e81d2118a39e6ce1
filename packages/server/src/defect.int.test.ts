import { create, eventLogMethods, messages as m } from '@goethe/protocol'
import type { Method } from '@goethe/protocol'
import { status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { grpcCaller } from '../tests-support/grpc-caller.js'
import { type TestServer, startTestServer } from '../tests-support/test-server.js'
import type { ServedLog } from './served-log.js'

const describeTopic = eventLogMethods.describeTopic as unknown as Method<never, never>

/** As the language reports most defects. */
function defect(): never {
  return (undefined as unknown as { secret: () => never }).secret()
}

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({
    logFor: (log) =>
      new Proxy<ServedLog>(log, {
        get: (target, name) => {
          if (name === 'describe') return defect
          const value: unknown = Reflect.get(target, name)
          return typeof value === 'function' ? value.bind(target) : value
        },
      }),
  })
})
afterAll(() => server[Symbol.asyncDispose]())

function stacks(): unknown[] {
  return server.lines
    .filter(({ level }) => level === 'error')
    .map(({ error }) => (error as { stack?: string }).stack)
}

test('a TypeError of ours is a defect by HTTP, and only the log has its stack', async () => {
  const before = stacks().length
  const { status: code, text, json } = await server.get('/v1/topics/a')
  expect([code, json['code']]).toEqual([500, 'GOETHE_INTERNAL'])
  expect(text).not.toMatch(/secret|defect\.int/)
  expect(stacks().slice(before)).toEqual([expect.stringMatching(/secret[^]*defect\.int\.test/)])
})

test('a TypeError of ours is a defect by gRPC, and only the log has its stack', async () => {
  const before = stacks().length
  const caller = grpcCaller(server.server.addresses.grpc.port)
  const request = create(m.DescribeTopicRequestSchema, { topic: 'a' })
  const { code, details } = await caller.ask(describeTopic, request)
  caller.close()
  expect([code, details]).toEqual([status.INTERNAL, 'The server has a defect; its log says more'])
  expect(stacks().slice(before)).toEqual([expect.stringMatching(/secret[^]*defect\.int\.test/)])
})

test('a wrong argument is that of the caller on both ports, and no line in the log', async () => {
  const before = stacks().length
  expect((await server.get('/v1/topics?limit=1000000')).json['code']).toBe(
    'GOETHE_INVALID_ARGUMENT',
  )
  const caller = grpcCaller(server.server.addresses.grpc.port)
  const request = create(m.ListTopicsRequestSchema, { limit: 1_000_000 })
  const { code } = await caller.ask(
    eventLogMethods.listTopics as unknown as Method<never, never>,
    request,
  )
  caller.close()
  expect(code).toBe(status.INVALID_ARGUMENT)
  expect(stacks()).toHaveLength(before)
})
