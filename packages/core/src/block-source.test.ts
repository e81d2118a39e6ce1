import { MemoryLevel } from 'memory-level'
import { expect, test } from 'vitest'
import { EventLog } from './event-log.js'

test('what is appended while the store is read to its end is not left out', async () => {
  await using log = await EventLog.open(new MemoryLevel())
  const events = log.read('orders', { follow: true })[Symbol.asyncIterator]()
  await log.append('orders', Uint8Array.of(1))
  await events.next()
  const next = events.next()
  await log.append('orders', Uint8Array.of(2))
  expect((await next).value?.payload).toEqual(Uint8Array.of(2))
})
