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

/** Grows by doubling, as a journal's segments are written to again and again. */
interface StoredFile {
  buffer: Uint8Array
  length: number
  /** What was done since the last sync, with what was there before. */
  changes: Change[]
  /** What a sync that failed has left: it is read, and no sync makes it durable any more. */
  lost: Change[]
}

interface Change {
  position: number
  bytes: Uint8Array
  before: Uint8Array
  lengthBefore: number
}

const sectorBytes = 512

export class MemoryDisk implements Disk {
  #files = new Map<string, StoredFile>()
  #durableNames = new Map<string, StoredFile>()
  /** Changes of names that are not synced, in order. */
  #changes: ((names: Map<string, StoredFile>) => void)[] = []
  /** Called before each call; throws for one that fails. */
  fault: ((call: DiskCall, name: string) => void) | undefined
  /** A sync that fails is the end of what it was for, as in Linux: only writing it anew helps. */
  forgetsFailures = false
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
      const file = { buffer: new Uint8Array(0), length: 0, changes: [], lost: [] }
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
    return contentOf(this.#files.get(name)!)
  }

  /** The power fails: only what is durable, and some of the rest, is there afterwards. */
  crash(choose: Chooser): void {
    const names = new Map(this.#durableNames)
    for (const change of this.#changes.slice(0, choose.int(0, this.#changes.length))) change(names)
    this.#changes = []
    this.#files = new Map(names)
    this.#durableNames = names
    for (const file of names.values()) crashFile(file, choose)
  }

  #change(change: (names: Map<string, StoredFile>) => void): void {
    change(this.#files)
    this.#changes.push(change)
  }

  #open(name: string, file: StoredFile): DiskFile {
    return {
      size: () => Promise.resolve(file.length),
      read: async (position, length) => {
        this.fault?.('read', name)
        return contentOf(file).slice(position, position + length)
      },
      write: async (position, parts) => {
        this.fault?.('write', name)
        write(file, position, new Uint8Array(Buffer.concat(parts)))
      },
      truncate: async (length) => {
        this.fault?.('truncate', name)
        cut(file, length)
      },
      sync: async () => {
        try {
          this.fault?.('sync', name)
        } catch (error) {
          if (this.forgetsFailures) file.lost.push(...file.changes.splice(0))
          throw error
        }
        this.syncs++
        file.changes = []
      },
      close: () => Promise.resolve(),
    }
  }
}

function contentOf({ buffer, length }: StoredFile): Uint8Array {
  return buffer.subarray(0, length)
}

function write(file: StoredFile, position: number, bytes: Uint8Array): void {
  const end = position + bytes.length
  const before = contentOf(file).slice(position, end)
  file.changes.push({ position, bytes, before, lengthBefore: file.length })
  file.lost = file.lost.filter(
    (lost) => lost.position < position || lost.position + lost.bytes.length > end,
  )
  if (end > file.buffer.length) {
    const larger = new Uint8Array(Math.max(end, file.buffer.length * 2))
    larger.set(contentOf(file))
    file.buffer = larger
  }
  file.buffer.set(bytes, position)
  file.length = Math.max(file.length, end)
}

function cut(file: StoredFile, length: number): void {
  const before = contentOf(file).slice(length)
  const change = { position: length, bytes: new Uint8Array(0), before, lengthBefore: file.length }
  file.changes.push(change)
  file.buffer.fill(0, length)
  file.length = length
}

/** Leaves what is durable, and of the rest everything up to some byte, or some sectors. */
function crashFile(file: StoredFile, choose: Chooser): void {
  const { changes, lost } = file
  file.changes = []
  file.lost = []
  for (const { position, bytes, before } of lost) {
    file.buffer.fill(0, position, position + bytes.length)
    file.buffer.set(before, position)
  }
  for (const { position, before, lengthBefore } of changes.toReversed()) {
    file.buffer.fill(0, lengthBefore)
    file.buffer.set(before, position)
    file.length = lengthBefore
  }
  const whole = choose.chance(0.5)
  for (const { position, bytes } of changes) {
    if (whole) {
      const left = choose.int(0, bytes.length)
      write(file, position, bytes.subarray(0, left))
      // The file's length may have become durable before its content.
      if (choose.chance(0.5)) write(file, position + left, new Uint8Array(bytes.length - left))
    }
    for (let at = 0; !whole && at < bytes.length;) {
      const end = at + sectorBytes - ((position + at) % sectorBytes)
      if (choose.chance(0.6)) write(file, position + at, bytes.subarray(at, end))
      at = end
    }
  }
  file.changes = []
}
