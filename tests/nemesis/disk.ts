/** A disk of a member: ext4 in a file. It can run full, stall, lose its power, and be replaced. */
import { mkdir, open, readdir, rm, statfs, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './command.js'
import type { NativeFaults } from './native-faults.js'

const sizeBytes = 400 * 1024 * 1024

/** Of a disk that is filled, what is written and not only reserved: more than others write meanwhile. */
const writtenBytes = 4 * 1024 * 1024

export class Disk {
  /** Where it is mounted. */
  readonly path: string
  readonly #image: string
  readonly #native: NativeFaults

  private constructor(folder: string, name: string, native: NativeFaults) {
    this.path = join(folder, name)
    this.#image = join(folder, `${name}.ext4`)
    this.#native = native
  }

  /** Makes it, and mounts it. */
  static async create(folder: string, name: string, native: NativeFaults): Promise<Disk> {
    const disk = new Disk(folder, name, native)
    await mkdir(disk.path)
    await writeFile(disk.#image, '')
    await truncate(disk.#image, sizeBytes)
    // Nothing is kept back for root, who would not notice that it is full.
    await run('mkfs.ext4', ['-q', '-F', '-m', '0', disk.#image])
    await disk.mount()
    return disk
  }

  async mount(): Promise<void> {
    await run('mount', ['-o', 'loop', this.#image, this.path])
  }

  /** Nobody may have a file open on it any more. */
  async unmount(): Promise<void> {
    await run('umount', [this.path])
  }

  /** What was not synced is lost, and everything fails until it is unmounted and mounted. */
  async losePower(): Promise<void> {
    await run(this.#native.powerOff, [this.path])
  }

  /** Whoever writes waits, until `thaw`. */
  async freeze(): Promise<void> {
    await run('fsfreeze', ['--freeze', this.path])
  }

  async thaw(): Promise<void> {
    await run('fsfreeze', ['--unfreeze', this.path])
  }

  /** Removes all that is on it. */
  async erase(): Promise<void> {
    for (const name of await readdir(this.path)) {
      await rm(join(this.path, name), { recursive: true })
    }
  }

  /** Takes all space but so many bytes, while others may take some too. */
  async fill(leaveBytes: number): Promise<void> {
    const free = await this.#freeBytes()
    const bytes = free - leaveBytes - writtenBytes
    if (bytes > 0) await run('fallocate', ['-l', String(bytes), join(this.path, 'ballast')])
    const rest = await open(join(this.path, 'ballast-rest'), 'w')
    try {
      const chunk = Buffer.alloc(64 * 1024)
      while ((await this.#freeBytes()) > leaveBytes) await rest.write(chunk)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      await rest.close()
    }
  }

  async #freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.path)
    return bavail * bsize
  }

  /** Gives the space back. */
  async release(): Promise<void> {
    await rm(join(this.path, 'ballast'), { force: true })
    await rm(join(this.path, 'ballast-rest'), { force: true })
  }

  /** Also where it is frozen or not mounted. */
  async destroy(): Promise<void> {
    await this.thaw().catch(() => undefined)
    await this.unmount().catch(() => undefined)
    await rm(this.#image, { force: true })
  }
}
