/**
 * A directory in memory that knows what is durable, so that a test can cut the power: of what was
 * not synced some sectors are lost, in any order, or everything from some byte on.
 */
import type { Disk, DiskFile } from '../src/journal/disk.js'

/** What a test chooses with. */
export interface Chooser {
  /** A whole number from `from` to `to`, both included. */
  int(from: number, to: number): number
  chance(probability: number): boolean
}

export type DiskCall = 'read' | 'write' | 'truncate' | 'sync' | 'open' | 'rename' | 'remove'

interface StoredFile {
  bytes: Uint8Array
  durable: Uint8Array
  /** Written and not synced. */
  writes: { position: number; bytes: Uint8Array }[]
}

const sectorBytes = 512

export class MemoryDisk implements Disk {
  #files = new Map<string, StoredFile>()
  #durableNames = new Map<string, StoredFile>()
  /** Changes of names that are not synced, in order. */
  #changes: ((names: Map<string, StoredFile>) => void)[] = []
  /** Called before each call; throws for one that fails. */
  fault: ((call: DiskCall, name: string) => void) | undefined
  /** Calls of `sync` so far. */
  syncs = 0

  list(): Promise<string[]> {
    return Promise.resolve([...this.#files.keys()])
  }

  async open(name: string, create = false): Promise<DiskFile> {
    this.fault?.('open', name)
    if (create === this.#files.has(name)) {
      throw new Error(create ? `EEXIST: ${name}` : `ENOENT: ${name}`)
    }
    if (create) {
      const file = { bytes: new Uint8Array(0), durable: new Uint8Array(0), writes: [] }
      this.#change((names) => names.set(name, file))
    }
    return this.#open(name, this.#files.get(name)!)
  }

  async rename(from: string, to: string): Promise<void> {
    this.fault?.('rename', from)
    const file = this.#files.get(from)!
    this.#change((names) => {
      names.delete(from)
      names.set(to, file)
    })
  }

  async remove(name: string): Promise<void> {
    this.fault?.('remove', name)
    this.#change((names) => names.delete(name))
  }

  async syncDirectory(): Promise<void> {
    this.fault?.('sync', '.')
    this.#durableNames = new Map(this.#files)
    this.#changes = []
  }

  /** The bytes of a file as they would be read. */
  bytes(name: string): Uint8Array {
    return this.#files.get(name)!.bytes
  }

  /** The power fails: only what is durable, and some of the rest, is there afterwards. */
  crash(choose: Chooser): void {
    const names = new Map(this.#durableNames)
    for (const change of this.#changes.slice(0, choose.int(0, this.#changes.length))) change(names)
    this.#changes = []
    this.#files = new Map(names)
    this.#durableNames = names
    for (const file of names.values()) {
      file.bytes = afterCrash(file, choose)
      file.durable = file.bytes.slice()
      file.writes = []
    }
  }

  #change(change: (names: Map<string, StoredFile>) => void): void {
    change(this.#files)
    this.#changes.push(change)
  }

  #open(name: string, file: StoredFile): DiskFile {
    return {
      size: () => Promise.resolve(file.bytes.length),
      read: async (position, length) => {
        this.fault?.('read', name)
        return file.bytes.slice(position, position + length)
      },
      write: async (position, bytes) => {
        this.fault?.('write', name)
        file.writes.push({ position, bytes: bytes.slice() })
        file.bytes = written(file.bytes, position, bytes)
      },
      truncate: async (length) => {
        this.fault?.('truncate', name)
        file.bytes = written(file.bytes.slice(0, length), length, new Uint8Array(0))
      },
      sync: async () => {
        this.fault?.('sync', name)
        this.syncs++
        file.durable = file.bytes.slice()
        file.writes = []
      },
      close: () => Promise.resolve(),
    }
  }
}

function written(file: Uint8Array, position: number, bytes: Uint8Array): Uint8Array {
  const longer = new Uint8Array(Math.max(file.length, position + bytes.length))
  longer.set(file)
  longer.set(bytes, position)
  return longer
}

function afterCrash({ bytes, durable, writes }: StoredFile, choose: Chooser): Uint8Array {
  if (writes.length === 0) return durable.slice()
  if (choose.chance(0.5)) {
    // All up to some byte.
    const from = Math.min(durable.length, ...writes.map(({ position }) => position))
    return bytes.slice(0, choose.int(Math.max(from, durable.length), bytes.length))
  }
  let left: Uint8Array = durable.slice()
  for (const write of writes) {
    for (let at = 0; at < write.bytes.length;) {
      const end = at + sectorBytes - ((write.position + at) % sectorBytes)
      if (choose.chance(0.6)) {
        left = written(left, write.position + at, write.bytes.subarray(at, end))
      }
      at = end
    }
  }
  return left
}
