import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { describe, it } from 'vitest'
import { storeConformance } from './index.js'

async function folder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'goethe-conformance-'))
  return { path, remove: () => rm(path, { recursive: true }) }
}

storeConformance({
  name: 'classic-level',
  describe,
  it,
  store: async () => {
    const { path, remove } = await folder()
    return { database: new ClassicLevel(path), reopen: () => new ClassicLevel(path), remove }
  },
})

storeConformance({
  name: 'a sublevel of classic-level',
  describe,
  it,
  store: async () => {
    const { path, remove } = await folder()
    const root = new ClassicLevel(path, { keyEncoding: 'json', valueEncoding: 'json' })
    return {
      database: root.sublevel('log'),
      remove: async () => {
        await root.close()
        await remove()
      },
    }
  },
})
