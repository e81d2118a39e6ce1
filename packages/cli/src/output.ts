import { once } from 'node:events'
import type { Writable } from 'node:stream'

/**
 * Lines for standard output. Waits while whoever reads them is slow, and knows when nobody does any
 * more, as behind `| head`: that is no error, only a reason to stop.
 */
export class Output {
  readonly isTerminal: boolean
  readonly #stream: Writable
  #closed = false

  constructor(stream: Writable & { isTTY?: boolean } = process.stdout) {
    this.#stream = stream
    this.isTerminal = stream.isTTY === true
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      this.#closed = true
    })
  }

  /** True when nobody reads what is written. */
  get closed(): boolean {
    return this.#closed
  }

  async line(text: string | Uint8Array): Promise<void> {
    if (this.#closed) return
    const bytes = typeof text === 'string' ? Buffer.from(text) : text
    const hasRoom = this.#stream.write(Buffer.concat([bytes, lineFeed]))
    // `once` rejects with the error that ends the stream; the listener above has noted it.
    if (!hasRoom) await once(this.#stream, 'drain').catch(() => undefined)
  }

  json(value: unknown): Promise<void> {
    return this.line(JSON.stringify(value))
  }
}

const lineFeed = Buffer.from('\n')
