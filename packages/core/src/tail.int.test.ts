import { ClassicLevel } from 'classic-level'
import { expect, it } from 'vitest'
import { tempFolder } from '../tests-support/temp-folder.js'
import { EventLog, type LogEvent } from './index.js'
import { readAheadBytes, recentBytesMaxDefault } from './limits.js'

it('bounds the memory that a slow tail costs', async () => {
  await using folder = await tempFolder()
  await using log = await EventLog.open(new ClassicLevel(folder.path), { durability: 'os' })
  const payload = new Uint8Array(64 * 1024)
  await log.append('a', payload)
  const iterator = log.read('a', { follow: true }).batches()
  await iterator.next()
  const held: number[] = []
  for (let round = 0; round < 50; round++) {
    await Promise.all(Array.from({ length: 20 }, () => log.append('a', payload)))
    expect(log.status().recentBytes).toBeLessThanOrEqual(recentBytesMaxDefault)
  }
  expect(log.status()).toMatchObject({ queuedBytes: 0, waitingAppends: 0 })
  let sequence = 1
  while (sequence < 1001) {
    const events = (await iterator.next()).value as LogEvent[]
    held.push(events.reduce<number>((sum, event) => sum + event.payload.length, 0))
    for (const event of events) expect(event.sequence).toBe(++sequence)
  }
  // A batch is a block, or small blocks together: at most what is read ahead, and one block.
  expect(Math.max(...held)).toBeLessThanOrEqual(2 * readAheadBytes)
})
