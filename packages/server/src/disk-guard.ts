/**
 * Looks at the free space of the log's disk from time to time. Below a reserve the log takes no
 * appends, so that there is room for what makes room: trims, compaction, and opening the log again.
 */
import { statfs } from 'node:fs/promises'
import { type Clock, GoetheError } from '@goethe/core'
import { formatBytes } from './config-value.js'
import { RepeatedCheck } from './repeated-check.js'

/** Free and total bytes of the disk that a directory lies on. */
export type DiskSpace = (directory: string) => Promise<{ freeBytes: number; totalBytes: number }>

/** What the operating system says; free is what this user may use. */
export const diskSpace: DiskSpace = async (directory) => {
  const { bavail, blocks, bsize } = await statfs(directory)
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
}

export interface DiskGuardOptions {
  directory: string
  /** 0 for no reserve. */
  reserveBytes: number
  checkIntervalMs: number
  clock: Clock
  space: DiskSpace
  /** After each look. */
  onCheck?(): void
  /** When appends stop or go on, with the reason for the former. */
  onChange?(reason: string | undefined): void
  /** When free space cannot be found out: appends go on. */
  onError?(error: unknown): void
}

/** So much more than the reserve must be free for appends to go on, or they would come and go. */
const hysteresis = 1.1

export class DiskGuard {
  readonly #options: DiskGuardOptions
  #freeBytes: number | undefined
  #totalBytes: number | undefined
  #short = false
  readonly #looks: RepeatedCheck

  constructor(options: DiskGuardOptions) {
    this.#options = options
    const { clock, checkIntervalMs: intervalMs } = options
    this.#looks = new RepeatedCheck({ clock, intervalMs, check: () => this.#check() })
  }

  /** Free bytes when that was looked at last. */
  get freeBytes(): number | undefined {
    return this.#freeBytes
  }

  get totalBytes(): number | undefined {
    return this.#totalBytes
  }

  /** False while there is less room than the reserve. */
  get hasRoom(): boolean {
    return !this.#short
  }

  /** Why nothing is appended at the moment, as a sentence. */
  get reason(): string | undefined {
    if (!this.#short) return undefined
    const { reserveBytes } = this.#options
    return (
      `The disk of the log has ${mebibytes(this.#freeBytes ?? 0)} free, less than the ` +
      `reserve of ${formatBytes(reserveBytes)} (disk.reserveBytes); appends go on by themselves ` +
      `once ${mebibytes(reserveBytes * hysteresis)} are free`
    )
  }

  /** The error for whoever wants to append, while there is no room. */
  refusal(): GoetheError | undefined {
    const { reason } = this
    if (reason === undefined) return undefined
    return new GoetheError('GOETHE_READ_ONLY', reason, {
      details: { retryDelayMs: this.#options.checkIntervalMs },
    })
  }

  /** Looks once, and from then on at each interval until `stop`. */
  async start(): Promise<void> {
    await this.check()
    this.#looks.start()
  }

  /** Looks now. */
  check(): Promise<void> {
    return this.#looks.now()
  }

  stop(): Promise<void> {
    return this.#looks.stop()
  }

  async #check(): Promise<void> {
    const { directory, space, reserveBytes, onCheck, onChange, onError } = this.#options
    try {
      const { freeBytes, totalBytes } = await space(directory)
      this.#freeBytes = freeBytes
      this.#totalBytes = totalBytes
      const short = freeBytes < (this.#short ? reserveBytes * hysteresis : reserveBytes)
      if (short !== this.#short) {
        this.#short = short
        onChange?.(this.reason)
      }
    } catch (error) {
      onError?.(error)
    }
    onCheck?.()
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}
