/** What a replicated level has in common with any other store. */
import { once } from 'node:events'
import abstractLevelSuite from 'abstract-level/test/index.js'
import { ClassicLevel } from 'classic-level'
import { MemoryLevel } from 'memory-level'
import tape from 'tape'
import { describe, expect, it } from 'vitest'
import { storeConformance } from '@goethe/core/conformance'
import type { Database } from '@goethe/core'
import { tempFolder } from '../../core/tests-support/temp-folder.js'
import { LoneLevel, LoneMember } from '../tests-support/lone-member.js'
import { MemoryDisk } from '../tests-support/memory-disk.js'

const utf8 = { keyEncoding: 'utf8', valueEncoding: 'utf8' }

function levelOn(root: Database, options: object = {}): LoneLevel {
  return new LoneLevel(new LoneMember(root, new MemoryDisk()), { ...utf8, ...options })
}

/** Runs abstract-level's own suite, which is made for tape; resolves with what failed. */
async function failuresOf(factory: (options?: object) => object): Promise<[string[], number]> {
  const test = tape.createHarness()
  const rows = test.createStream({ objectMode: true })
  const failures: string[] = []
  let title = ''
  let asserted = 0
  rows.on('data', (row: { type: string; name: string; ok?: boolean; error?: Error }) => {
    if (row.type === 'test') title = row.name
    if (row.type !== 'assert') return
    asserted++
    if (!row.ok) failures.push(`${title}: ${row.name} ${row.error?.message ?? ''}`)
  })
  abstractLevelSuite({ test, factory })
  await once(rows, 'end')
  return [failures, asserted]
}

describe('ReplicatedLevel', () => {
  it("passes abstract-level's suite over memory-level", { timeout: 120_000 }, async () => {
    const [failures, asserted] = await failuresOf((options) => levelOn(new MemoryLevel(), options))
    expect(failures).toEqual([])
    expect(asserted).toBeGreaterThan(4000)
  })

  it("passes abstract-level's suite over classic-level", { timeout: 120_000 }, async () => {
    await using folder = await tempFolder()
    let count = 0
    const [failures, asserted] = await failuresOf((options) =>
      levelOn(new ClassicLevel(`${folder.path}/${count++}`), options),
    )
    expect(failures).toEqual([])
    expect(asserted).toBeGreaterThan(4000)
  })
})

storeConformance({
  name: 'a replicated level over memory-level',
  describe,
  it,
  store: () => ({ database: new LoneLevel(new LoneMember(new MemoryLevel(), new MemoryDisk())) }),
})

storeConformance({
  name: 'a replicated level over classic-level',
  describe,
  it,
  store: async () => {
    const folder = await tempFolder()
    const disk = new MemoryDisk()
    const open = () => new LoneLevel(new LoneMember(new ClassicLevel(folder.path), disk))
    return { database: open(), reopen: open, remove: async () => folder[Symbol.asyncDispose]() }
  },
})
