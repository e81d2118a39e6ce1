import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SnapshotChunk } from './snapshot-source.js'
import { StoreDirectory } from './store-directory.js'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'goethe-store-'))
})

afterEach(() => rm(directory, { recursive: true, force: true }))

const open = (): Promise<StoreDirectory> =>
  StoreDirectory.open({
    directory,
    database: (path) => new ClassicLevel(path, { keyEncoding: 'view', valueEncoding: 'view' }),
  })

const applied = { lsn: 9, epoch: 2 }

async function* snapshot(): AsyncGenerator<SnapshotChunk> {
  yield { type: 'entries', entries: [[Uint8Array.of(1), Uint8Array.of(2)]] }
  yield await Promise.resolve({ type: 'end', applied, entries: 1 })
}

describe('a directory with a store', () => {
  it('remembers that a snapshot took its place, until the journal has followed', async () => {
    const stores = await open()
    expect(stores.isReplaced).toBe(false)
    await stores.receive(snapshot())
    await stores.replace()
    expect(stores.isReplaced).toBe(true)
    await stores.close()

    const again = await open()
    expect(again.isReplaced).toBe(true)
    expect(again.current.applied).toEqual(applied)
    await again.settle()
    await again.close()

    const settled = await open()
    expect(settled.isReplaced).toBe(false)
    expect(settled.current.applied).toEqual(applied)
    await settled.close()
    expect(await readdir(directory)).toEqual(['store'])
  })

  it('syncs every log of its store before it says what of it is durable', async () => {
    const stores = await open()
    await stores.current.apply([{ lsn: 1, epoch: 1, operations: new Uint8Array(0) }])
    // One that cannot be synced.
    const log = join(directory, 'store', 'loop.log')
    await symlink(log, log)
    await expect(stores.current.flush()).rejects.toMatchObject({ code: 'ELOOP' })
    expect(stores.current.flushedLsn).toBe(0)
    await rm(log)
    await stores.current.flush()
    expect(stores.current.flushedLsn).toBe(1)
    await stores.close()
  })

  it('knows nothing of a snapshot that did not take its place', async () => {
    const stores = await open()
    await stores.receive(snapshot())
    await stores.close()
    const again = await open()
    expect(again.isReplaced).toBe(false)
    expect(again.current.applied.lsn).toBe(0)
    await again.close()
    expect(await readdir(directory)).toEqual(['store'])
  })
})
