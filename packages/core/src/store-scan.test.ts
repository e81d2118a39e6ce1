import { MemoryLevel } from 'memory-level'
import { expect, it } from 'vitest'
import { EventLog } from './index.js'
import { readAheadBytes } from './limits.js'
import { Store } from './store.js'

it('reads about as many bytes at a time, also from a store that knows no bound of its own', async () => {
  const database = new MemoryLevel()
  const log = await EventLog.open(database)
  const payloadBytes = 200_000
  for (let left = 100; left > 0; left--) await log.append('a', new Uint8Array(payloadBytes))
  await log.close()

  const store = await Store.open(database, 'os')
  const scan = store.scan(store.keyspaces.events.range())
  const sizes: number[] = []
  for (let entries = await scan.next(); entries.length > 0; entries = await scan.next()) {
    sizes.push(entries.reduce((sum, [, value]) => sum + value.length, 0))
  }
  await scan.close()
  await store.close()
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThanOrEqual(100 * payloadBytes)
  expect(Math.max(...sizes.slice(1))).toBeLessThanOrEqual(readAheadBytes)
})
