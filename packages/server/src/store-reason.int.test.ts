import { EventLog } from '@goethe/core'
import { create, eventLogMethods, messages as m } from '@goethe/protocol'
import type { Method } from '@goethe/protocol'
import { ClassicLevel } from 'classic-level'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FaultyLevel } from '../../core/tests-support/faulty-level.js'
import { grpcCaller } from '../tests-support/grpc-caller.js'
import { type LimitedServer, startLimitedServer } from '../tests-support/limited-server.js'
import { type TempFolder, tempFolder } from '../tests-support/temp-folder.js'

const cause = 'Corruption: bad block of secret in /srv/goethe/000005.ldb'
const reason =
  'The store is damaged, so that the log can only be read; export what is there, and import it ' +
  'into a new directory'
const getStatus = eventLogMethods.status as unknown as Method<never, never>

let folder: TempFolder
let limited: LimitedServer

beforeAll(async () => {
  folder = await tempFolder()
  let level!: FaultyLevel
  limited = await startLimitedServer({
    openLog: () => EventLog.open((level = new FaultyLevel(new ClassicLevel(folder.path)))),
  })
  level.faults.write = () => Promise.reject(new Error(cause))
  await limited.server.send('POST', '/v1/topics/orders/events', 'x', bearer(limited.rootToken))
})
afterAll(async () => {
  await limited.server[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` }
}

async function grpcReason(token: string): Promise<string> {
  const caller = grpcCaller(limited.server.server.addresses.grpc.port, { token })
  const { messages } = await caller.ask(getStatus, create(m.StatusRequestSchema))
  caller.close()
  return (messages[0] as m.StatusResponse).reason
}

test('the log of the server tells what the store said', () => {
  expect(JSON.stringify(limited.server.lines)).toContain(cause)
})

test('administrators get to know the cause, on both ports', async () => {
  const headers = bearer(limited.rootToken)
  const whole = `${reason} (${cause})`
  expect((await limited.server.get('/readyz', headers)).json['reasons']).toEqual([whole])
  const { json } = await limited.server.get('/v1/status', headers)
  expect(json['store']).toEqual({ type: 'read-only', reason: whole })
  expect(await grpcReason(limited.rootToken)).toBe(whole)
})

test('others learn what it means for them', async () => {
  const headers = bearer(limited.token)
  expect((await limited.server.get('/readyz', headers)).json['reasons']).toEqual([reason])
  const { json } = await limited.server.get('/v1/status', headers)
  expect(json['store']).toEqual({ type: 'read-only', reason })
  expect(await grpcReason(limited.token)).toBe(reason)
  const refused = await limited.server.send('POST', '/v1/topics/orders-1/events', 'x', headers)
  expect(refused.json).toMatchObject({ code: 'GOETHE_READ_ONLY', message: reason })
})

test('a probe that says nothing about who it is is no failed attempt', async () => {
  await using server = (await startLimitedServer({ flags: { limitsFailedAttemptsPerMinute: 1 } }))
    .server
  for (let count = 0; count < 3; count++) expect((await server.get('/readyz')).status).toBe(200)
  expect((await server.get('/v1/status')).json['code']).toBe('GOETHE_UNAUTHENTICATED')
  expect((await server.get('/v1/status')).json['code']).toBe('GOETHE_LIMIT')
})

test('strangers are told whether requests are taken, whatever they present', async () => {
  for (const headers of [{}, bearer('wrong')]) {
    expect(await limited.server.get('/readyz', headers)).toMatchObject({
      status: 200,
      json: { ready: true, store: 'read-only', reasons: [reason] },
    })
  }
})
