import { type BlockName, decodeCommit, encodeCommit } from './commit-record.js'
import { trailingId } from './keyspace.js'
import type { Store, StoreOperation } from './store.js'
import { reading } from './stored-entry.js'

/**
 * What must be written so that `commits` no longer names these blocks of a topic, whose last ids
 * ascend. A commit without blocks goes, unless it is the last one: that tells the log's last id.
 */
export async function withoutBlocks(
  store: Store,
  topic: string,
  lastIds: readonly bigint[],
  lastCommitId: bigint,
): Promise<StoreOperation[]> {
  const { commits } = store.keyspaces
  const { lt } = commits.range()
  const operations: StoreOperation[] = []
  let current: { key: Uint8Array; names: BlockName[] } | undefined
  const finish = (): void => {
    if (current === undefined) return
    const { key, names } = current
    if (names.length === 0 && trailingId(key) !== lastCommitId) {
      operations.push({ type: 'del', key })
    } else {
      operations.push({ type: 'put', key, value: encodeCommit(names) })
    }
  }
  for (const lastId of lastIds) {
    if (current === undefined || trailingId(current.key) < lastId) {
      finish()
      const found = await store.first({ gte: commits.idKey(lastId), lt: lt! })
      if (found === undefined) {
        current = undefined
        break
      }
      const [key, value] = found
      current = { key, names: reading('commits', key, undefined, () => decodeCommit(value)) }
    }
    current.names = current.names.filter((name) => name.topic !== topic || name.lastId !== lastId)
  }
  finish()
  return operations
}
