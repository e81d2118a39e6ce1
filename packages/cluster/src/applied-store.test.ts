import { MemoryLevel } from 'memory-level'
import { describe, expect, it } from 'vitest'
import { FaultyLevel } from '../../core/tests-support/faulty-level.js'
import { AppliedStore } from './applied-store.js'
import type { StoredEntry } from './journal/stored-entry.js'
import { encodeOperations } from './operation-codec.js'

const put = (lsn: number, key = lsn): StoredEntry => ({
  lsn,
  epoch: 7,
  operations: encodeOperations([
    { type: 'put', key: Uint8Array.of(key), value: Uint8Array.of(lsn) },
  ]),
})

async function opened(root: ConstructorParameters<typeof AppliedStore>[0]): Promise<AppliedStore> {
  const store = new AppliedStore(root)
  await store.open()
  return store
}

const keysOf = async (store: AppliedStore): Promise<(number | undefined)[]> =>
  (await store.level.keys().all()).map(([first]) => first)

describe('AppliedStore', () => {
  it('knows after it was opened again which entry it has applied last', async () => {
    const root = new MemoryLevel()
    const store = await opened(root)
    expect(store.applied).toEqual({ lsn: 0, epoch: 0 })
    await store.apply([put(1), put(2)])
    await store.close()
    const again = await opened(root)
    expect(again.applied).toEqual({ lsn: 2, epoch: 7 })
    expect(await keysOf(again)).toEqual([1, 2])
  })

  it('refuses an entry twice, and one that does not follow', async () => {
    const store = await opened(new MemoryLevel())
    await store.apply([put(1)])
    await expect(store.apply([put(1)])).rejects.toMatchObject({ code: 'GOETHE_INTERNAL' })
    await expect(store.apply([put(3)])).rejects.toMatchObject({ code: 'GOETHE_INTERNAL' })
    expect(store.applied.lsn).toBe(1)
  })

  it('applies all of a batch with the note of it, or nothing', async () => {
    const root = new FaultyLevel(new MemoryLevel())
    const store = await opened(root)
    root.faults.write = () => Promise.reject(new Error('EIO'))
    await expect(store.apply([put(1), put(2)])).rejects.toThrow('EIO')
    root.faults.write = undefined
    expect(store.applied.lsn).toBe(0)
    await store.apply([put(1), put(2)])
    expect(root.writes).toBe(2)
  })

  it('flushes when it is told to, and says up to where', async () => {
    const root = new FaultyLevel(new MemoryLevel())
    const syncs: (boolean | undefined)[] = []
    root.faults.write = async (operations, write, { sync }) => {
      syncs.push(sync)
      await write(operations)
    }
    const store = await opened(root)
    await store.apply([put(1)])
    expect(store.flushedLsn).toBe(0)
    await store.flush()
    expect(store.flushedLsn).toBe(1)
    await store.flush()
    await store.apply([put(2)], { flush: true })
    expect(store.flushedLsn).toBe(2)
    expect(syncs).toEqual([false, true, false, true])
    await store.apply([put(3)])
    await store.close()
    const again = await opened(root)
    expect([again.applied.lsn, again.flushedLsn]).toEqual([3, 2])
  })

  it('says so only once the files that its database has left behind are durable', async () => {
    const root = new FaultyLevel(new MemoryLevel())
    const calls: string[] = []
    const store = new AppliedStore(root, async () => void calls.push('files'))
    root.faults.write = async (operations, write, { sync }) => {
      calls.push(sync === true ? 'synced write' : 'write')
      await write(operations)
    }
    await store.open()
    await store.apply([put(1)])
    await store.flush()
    expect(calls).toEqual(['write', 'files', 'synced write'])
  })

  it('writes no older note over a newer one', async () => {
    const root = new MemoryLevel()
    const store = await opened(root)
    await store.apply([put(1)])
    await Promise.all([store.flush(), store.apply([put(2)]), store.flush(), store.apply([put(3)])])
    await store.close()
    expect((await opened(root)).applied.lsn).toBe(3)
  })

  it('tells what a snapshot has seen', async () => {
    const root = new MemoryLevel()
    const store = await opened(root)
    await store.apply([put(1)])
    const snapshot = root.snapshot()
    await store.apply([put(2)])
    expect(await store.positionAt(snapshot)).toEqual({ lsn: 1, epoch: 7 })
    expect(await store.level.keys({ snapshot }).all()).toHaveLength(1)
    await snapshot.close()
  })

  it('is GOETHE_CORRUPT when the note was changed', async () => {
    const root = new MemoryLevel<Uint8Array, Uint8Array>({
      keyEncoding: 'view',
      valueEncoding: 'view',
    })
    const store = await opened(root)
    await store.apply([put(1)])
    const key = new TextEncoder().encode('!cluster!applied')
    const note = (await root.get(key))!
    note[3]! ^= 1
    await root.put(key, note)
    await store.close()
    await expect(opened(root)).rejects.toMatchObject({ code: 'GOETHE_CORRUPT' })
  })
})
