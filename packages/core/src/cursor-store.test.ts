import { MemoryLevel } from 'memory-level'
import { expect, it } from 'vitest'
import { EventLog } from './index.js'

const payload = new Uint8Array([1])

it('fences off who had a cursor before it was deleted and born again', async () => {
  await using log = await EventLog.open(new MemoryLevel())
  await log.append('a', [payload, payload, payload])
  const before = await log.read('a').toArray()
  const old = log.cursor('a', 'reader')
  await old.commit(before[0]!)

  await log.deleteTopic('a')
  await log.append('a', [payload, payload, payload])
  const after = await log.read('a').toArray()
  const fresh = log.cursor('a', 'reader')
  await fresh.commit(after[0]!)

  await expect(old.commit(after[1]!)).rejects.toMatchObject({ code: 'GOETHE_FENCED' })
  expect(await fresh.position()).toMatchObject({ sequence: 1 })
})

it('stores nothing for a consumer whose topic was deleted while it held events', async () => {
  await using log = await EventLog.open(new MemoryLevel())
  await log.append('a', [payload, payload, payload])
  const consumer = log.consumer('a', 'worker')
  const deliveries = consumer[Symbol.asyncIterator]()
  const first = await deliveries.next()
  await deliveries.next()
  await first.value!.ack()

  await log.deleteTopic('a')
  await log.append('a', payload)
  const again = log.consumer('a', 'worker')[Symbol.asyncIterator]()
  expect((await again.next()).value?.event.sequence).toBe(1)
  await consumer.close()
  expect(await log.cursor('a', 'worker').position()).toMatchObject({ sequence: 0 })
})
