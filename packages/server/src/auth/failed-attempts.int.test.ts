import { status } from '@grpc/grpc-js'
import { type Method, create, eventLogMethods, messages } from '@goethe/protocol'
import { expect, test } from 'vitest'
import { grpcCaller } from '../../tests-support/grpc-caller.js'
import { startTestServer } from '../../tests-support/test-server.js'
import { hashToken, newToken } from './tokens.js'

const listTopics = eventLogMethods.listTopics as unknown as Method<never, never>

test('attempts count for both ports together, and a right token gets through', async () => {
  const token = newToken()
  const entry = {
    name: 'me',
    sha256: hashToken(token),
    grants: [{ topics: '*', rights: ['read'] }],
  }
  await using server = await startTestServer({
    flags: { authTokens: [entry], limitsFailedAttemptsPerMinute: 2 },
  })
  const http = (secret: string) => server.get('/v1/topics', { authorization: `Bearer ${secret}` })
  const grpc = async (secret: string) => {
    const caller = grpcCaller(server.server.addresses.grpc.port, { token: secret })
    const answer = await caller.ask(listTopics, create(messages.ListTopicsRequestSchema, {}))
    caller.close()
    return answer
  }
  expect(await http('wrong')).toMatchObject({ status: 401 })
  expect(await grpc('wrong')).toMatchObject({ code: status.UNAUTHENTICATED })

  const limited = await http('wrong')
  expect(limited).toMatchObject({ status: 429, json: { code: 'GOETHE_LIMIT' } })
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(limited.json['message']).toContain('From 127.0.0.1, callers that are not known')
  expect(await grpc('wrong')).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: limited.json['message'],
  })

  expect(await http(token)).toMatchObject({ status: 200 })
  expect(await grpc(token)).toMatchObject({ code: status.OK })
})
