import { EventLog, GoetheError } from '@goethe/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CopyLevel } from '../../../core/tests-support/copy-level.js'
import { testContext } from '../../tests-support/test-context.js'
import type { Listener } from '../server-context.js'
import { startHttp } from './http-server.js'

const details = { leader: 'goethe-1:1337', leaderUrl: 'http://goethe-1:1338' }
const elsewhere = new GoetheError('GOETHE_NOT_LEADER', 'goethe-1 leads', { details })

let level: CopyLevel
let log: EventLog
let listener: Listener
let url: string

beforeAll(async () => {
  level = new CopyLevel()
  log = await EventLog.open(level)
  await log.append('orders', Buffer.from('Faust'))
  const context = testContext(log, new AbortController().signal, { flags: { httpPort: 0 } })
  listener = await startHttp(context)
  url = `http://127.0.0.1:${listener.address.port}/v1`
})

afterAll(async () => {
  await listener.stop(0)
  await log.close()
})

const paths = [
  '/topics/orders/events',
  '/topics/orders/events?reverse=true&limit=1',
  '/topics/orders/events?to=2999-01-01&accept=ndjson',
  '/topics/orders/events?follow=true',
  '/events',
  '/topics/orders/seek?at=start',
  '/topics/orders',
  '/topics/orders/cursors/reader',
  '/topics/orders/cursors/reader/lag',
]

/** What a path answers to; of a stream only the beginning. */
async function get(path: string, consistency?: string) {
  const stopping = new AbortController()
  const { pathname, searchParams } = new URL(`${url}${path}`)
  const isLines = searchParams.has('accept')
  searchParams.delete('accept')
  if (consistency !== undefined) searchParams.set('consistency', consistency)
  const asked = new URL(`${pathname}?${searchParams.toString()}`, url)
  const headers = isLines ? { accept: 'application/x-ndjson' } : {}
  const response = await fetch(asked, { headers, signal: stopping.signal })
  if (response.ok) {
    stopping.abort()
    return { status: response.status }
  }
  return { status: response.status, ...((await response.json()) as object) }
}

test.each(paths)('%s says where to ask when it is to be linearizable', async (path) => {
  level.answer = () => Promise.reject(elsewhere)
  expect(await get(path, 'linearizable')).toMatchObject({
    status: 421,
    code: 'GOETHE_NOT_LEADER',
    details,
  })
  for (const consistency of [undefined, 'local']) {
    expect(await get(path, consistency)).toEqual({ status: 200 })
  }
})

test.each(paths)('%s is answered by the leader once the others have confirmed it', async (path) => {
  level.answer = () => Promise.resolve()
  const { questions } = level
  expect(await get(path, 'linearizable')).toEqual({ status: 200 })
  expect(level.questions).toBe(questions + 1)
  level.answer = () => Promise.reject(new GoetheError('GOETHE_UNAVAILABLE', 'Who leads?'))
  expect(await get(path, 'linearizable')).toMatchObject({ status: 503 })
})

test.each(paths)('%s takes no other consistency', async (path) => {
  expect(await get(path, 'strong')).toMatchObject({
    status: 400,
    code: 'GOETHE_INVALID_ARGUMENT',
  })
})
