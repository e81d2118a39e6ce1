import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Failure } from './failure.js'

/**
 * A file that is there as a whole or not at all: it is written under another name, and gets its own
 * when all of it is on the disk.
 */
export class NewFile {
  readonly #handle: FileHandle
  readonly #partial: string
  #done = false

  private constructor(handle: FileHandle, partial: string) {
    this.#handle = handle
    this.#partial = partial
  }

  static async create(path: string): Promise<NewFile> {
    const partial = `${path}.partial`
    try {
      return new NewFile(await open(partial, 'w'), partial)
    } catch (cause) {
      throw new Failure(`${partial} cannot be written: ${(cause as Error).message}`, { cause })
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let written = 0; written < chunk.length;) {
      written += (await this.#handle.write(chunk, written)).bytesWritten
    }
  }

  /** Gives the file its name. */
  async finish(path: string): Promise<void> {
    await this.#handle.sync()
    await this.#handle.close()
    await rename(this.#partial, path)
    this.#done = true
    await syncDirectory(dirname(path))
  }

  /** Removes what was written, unless it was finished. */
  async close(): Promise<void> {
    if (this.#done) return
    await this.#handle.close()
    await rm(this.#partial, { force: true })
  }
}

/** The name is on the disk when its directory is; where that cannot be asked for, it has to do. */
async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path)
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  } catch {
    // Windows has no such thing.
  }
}
