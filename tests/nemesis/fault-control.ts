/** What the preloaded library (faults.c) does to one server, changed while that runs. */
import { closeSync, openSync, writeSync } from 'node:fs'

/** Error numbers of Linux. */
export const inputOutputError = 5

export class FaultControl {
  readonly path: string
  readonly #descriptor: number
  readonly #bytes = Buffer.alloc(32)

  /** Makes the file, with no faults in it. */
  constructor(path: string) {
    this.path = path
    this.#descriptor = openSync(path, 'w')
    this.#write()
  }

  clockAhead(ms: number): void {
    this.#bytes.writeBigInt64LE(BigInt(Math.trunc(ms)), 0)
    this.#write()
  }

  /** So many of a hundred calls of fsync and fdatasync fail. */
  failSyncs(percent: number): void {
    this.#bytes.writeInt32LE(percent === 0 ? 0 : inputOutputError, 8)
    this.#bytes.writeInt32LE(percent, 12)
    this.#write()
  }

  /** So many of a hundred writes fail. */
  failWrites(percent: number): void {
    this.#bytes.writeInt32LE(percent === 0 ? 0 : inputOutputError, 16)
    this.#bytes.writeInt32LE(percent, 20)
    this.#write()
  }

  /** Each fsync and fdatasync takes so much longer. */
  delaySyncs(ms: number): void {
    this.#bytes.writeInt32LE(ms, 24)
    this.#write()
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #write(): void {
    writeSync(this.#descriptor, this.#bytes, 0, this.#bytes.length, 0)
  }
}
