import { ArgumentError, type EventLog } from '@goethe/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TestServer, memoryLog } from '../tests-support/test-server.js'
import { type Client, connect } from './index.js'

const message = 'That is no name of a topic, says the server'
/** What a newer server refuses that this client knows nothing of. */
const refused = new Set(['append', 'read', 'seek', 'describe', 'verify', 'exportTo'])

let log: EventLog
let server: TestServer
let client: Client

beforeAll(async () => {
  log = await memoryLog()
  const strict = new Proxy(log, {
    get: (target, name) => {
      if (refused.has(String(name))) {
        return () => {
          throw new ArgumentError(message)
        }
      }
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  server = await TestServer.start(log, { context: { logFor: () => strict } })
  client = connect(server.address)
})
afterAll(async () => {
  await client.close()
  await server.stop(0)
  await log.close()
})

it.each<[string, () => Promise<unknown>]>([
  ['append', () => client.append('t', Buffer.from(''))],
  ['read', () => client.read('t').toArray()],
  ['seek', () => client.seek('t', 'start')],
  ['describe', () => client.describe('t')],
  ['verify', () => client.verify().next()],
  ['exportTo', () => client.exportTo(new WritableStream())],
])('%s: what only the server refuses is a wrong argument all the same', async (_, call) => {
  const error: unknown = await call().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ArgumentError)
  expect(error).toMatchObject({ message, cause: { code: 'GOETHE_INVALID_ARGUMENT' } })
})
