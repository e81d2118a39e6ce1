// After a loss of power a store may lack anything of what was applied since it was last flushed.
import { MemoryLevel } from 'memory-level'
import { expect, it } from 'vitest'
import { openJournal } from '../../tests-support/journals.js'
import { MemoryDisk } from '../../tests-support/memory-disk.js'
import { AppliedStore } from '../applied-store.js'
import type { Journal } from '../journal/journal.js'
import type { StoredEntry } from '../journal/stored-entry.js'
import { type Operation, encodeOperations } from '../operation-codec.js'
import { reapply } from './reapply.js'

const key = (number: number): Uint8Array => Uint8Array.of(number)
const entry = (lsn: number, ...operations: Operation[]): StoredEntry => ({
  lsn,
  epoch: 1,
  operations: encodeOperations(operations),
})
const put = (at: number, value: number): Operation => ({
  type: 'put',
  key: key(at),
  value: key(value),
})
const entries = [
  entry(1, put(1, 1), put(2, 1)),
  entry(2, put(3, 2)),
  entry(3, put(1, 3)),
  entry(4, { type: 'del', key: key(2) }, put(4, 4)),
  entry(5, put(1, 5), put(5, 5)),
]

/** A store that has applied all, and flushed what is up to `flushed`. */
async function applied(flushed: number): Promise<{ root: MemoryLevel; journal: Journal }> {
  const root = new MemoryLevel()
  const journal = await openJournal(new MemoryDisk())
  await journal.append(entries)
  const store = new AppliedStore(root as never)
  await store.open()
  for (const each of entries) await store.apply([each], { flush: each.lsn === flushed })
  await store.close()
  return { root, journal }
}

async function opened(root: MemoryLevel): Promise<AppliedStore> {
  const store = new AppliedStore(root as never)
  await store.open()
  return store
}

const contentOf = async (store: AppliedStore) =>
  (await store.level.iterator().all()).map(([at, value]) => [at[0], value[0]])

it('brings back whatever of it is missing', async () => {
  for (const flushed of [0, 2, 4]) {
    const { root, journal } = await applied(flushed)
    const damaged = await opened(root)
    const whole = await contentOf(damaged)
    expect(whole).toEqual([
      [1, 5],
      [3, 2],
      [4, 4],
      [5, 5],
    ])
    // The writes of 3 to 5 were lost, or those of 5 alone; the note of the last one is there.
    await damaged.level.put(key(1), key(flushed === 4 ? 3 : 1))
    await damaged.level.del(key(5))
    if (flushed < 4) {
      await damaged.level.put(key(2), key(1))
      await damaged.level.del(key(4))
    }
    await damaged.close()

    const store = await opened(root)
    expect(store.flushedLsn).toBe(flushed)
    await reapply(store, journal)
    expect(await contentOf(store)).toEqual(whole)
    expect([store.applied.lsn, store.flushedLsn]).toEqual([5, 5])
  }
})

it('does nothing where all was flushed', async () => {
  const { root, journal } = await applied(5)
  const changed = await opened(root)
  await changed.level.put(key(1), key(9))
  await changed.close()
  const store = await opened(root)
  await reapply(store, journal)
  expect(await contentOf(store)).toContainEqual([1, 9])
})
