import { getEventListeners } from 'node:events'
import { EventLog } from '@goethe/core'
import { expect, test } from 'vitest'
import { CopyLevel } from '../../../core/tests-support/copy-level.js'
import { testContext } from '../../tests-support/test-context.js'
import { startHttp } from './http-server.js'

/** Where Node keeps, by its own name for it, which signals of `AbortSignal.any` depend on one. */
function dependantsOf(signal: AbortSignal): number {
  const symbols = Object.getOwnPropertySymbols(signal)
  const symbol = symbols.find(({ description }) => description === 'kDependantSignals')
  if (symbol === undefined) return 0
  const dependants = (signal as unknown as Record<symbol, Set<unknown> | null>)[symbol]
  return dependants?.size ?? 0
}

test('streams that have ended leave nothing on the signal that the server stops', async () => {
  const log = await EventLog.open(new CopyLevel())
  const stopping = new AbortController()
  const listener = await startHttp(testContext(log, stopping.signal, { flags: { httpPort: 0 } }))
  const { signal } = stopping
  const before = getEventListeners(signal, 'abort').length
  const url = `http://127.0.0.1:${listener.address.port}/v1/events`
  for (let stream = 0; stream < 3; stream++) {
    const answer = await fetch(url, { headers: { accept: 'application/x-ndjson' } })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
  }
  // A request ends behind its answer.
  await expect.poll(() => getEventListeners(signal, 'abort').length).toBe(before)
  expect(dependantsOf(signal)).toBe(0)
  stopping.abort()
  await listener.stop(0)
  await log.close()
})
