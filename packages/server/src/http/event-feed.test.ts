import type { LogEvent } from '@goethe/core'
import { manualClock } from '@goethe/core/testing'
import { expect, test, vi } from 'vitest'
import { eventFeed } from './event-feed.js'

test('heartbeats of a quiet feed leave nothing behind on what it waits for', async () => {
  const clock = manualClock()
  // Nothing is appended to the topic.
  const nothing = new Promise<IteratorResult<LogEvent[]>>(() => undefined)
  const waits = vi.spyOn(nothing, 'then')
  const batches: AsyncIterableIterator<LogEvent[]> = {
    next: () => nothing,
    [Symbol.asyncIterator]: () => batches,
  }
  const feed = eventFeed(batches, {
    format: 'ndjson',
    payload: 'text',
    clock,
    heartbeatMs: 1000,
    stopping: new AbortController().signal,
    onRead: () => undefined,
    onError: () => undefined,
  })
  for (let heartbeat = 0; heartbeat < 5; heartbeat++) {
    const next = feed.next()
    // The feed waits from the next turn on.
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(1000)
    expect(await next).toEqual({ done: false, value: '\n' })
  }
  expect(waits).toHaveBeenCalledOnce()
})
