import { MemoryLevel } from 'memory-level'
import { describe, expect, it } from 'vitest'
import { EventLog } from '../src/event-log.js'
import { storeConformance } from './index.js'

for (const storeEncoding of ['buffer', 'view'] as const) {
  storeConformance({
    name: `memory-level that stores ${storeEncoding}`,
    describe,
    it,
    store: () => ({ database: new MemoryLevel({ storeEncoding }) }),
  })
}

it('memory-level that stores utf8 is GOETHE_INVALID_STORE', async () => {
  const opening = EventLog.open(new MemoryLevel({ storeEncoding: 'utf8' }))
  await expect(opening).rejects.toMatchObject({ code: 'GOETHE_INVALID_STORE' })
})

storeConformance({
  name: 'a sublevel of memory-level',
  describe,
  it,
  store: () => {
    const root = new MemoryLevel({ valueEncoding: 'json' })
    return { database: root.sublevel('log', { valueEncoding: 'json' }), remove: () => root.close() }
  },
})

storeConformance({
  name: 'a sublevel of a sublevel of memory-level',
  describe,
  it,
  store: () => {
    const root = new MemoryLevel()
    return {
      database: root.sublevel('application').sublevel('log'),
      remove: () => root.close(),
    }
  },
})
