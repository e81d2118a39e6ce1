import { peerModule } from './peer-module'
import type { BatchStore } from './store'

interface Hypercore {
  readonly length: number
  ready(): Promise<void>
  append(blocks: readonly Buffer[]): Promise<unknown>
  close(): Promise<void>
}

/**
 * One block per event. It also signs a Merkle tree over them, which no other store here does. It
 * leaves flushing to the operating system and has no option to wait for the disk.
 */
export async function openHypercore(directory: string): Promise<BatchStore> {
  const HypercoreClass = peerModule<new (directory: string) => Hypercore>('hypercore')
  const core = new HypercoreClass(directory)
  await core.ready()
  return {
    append: (payloads) => core.append(payloads),
    count: async () => core.length,
    close: () => core.close(),
  }
}
