import { once } from 'node:events'
import type { Writable } from 'node:stream'
import picocolors from 'picocolors'

/** Colours of a stream; they do nothing where there are none. */
export type Colors = ReturnType<typeof picocolors.createColors>

/** A stream that may be a terminal. */
export type OutputStream = Writable & { isTTY?: boolean; columns?: number }

/**
 * Standard output, or standard error. Waits while whoever reads is slow, and tells when nobody does
 * any more, as behind `| head`: that is no error, only a reason to stop.
 */
export class Output {
  readonly isTerminal: boolean
  readonly colors: Colors
  /** For what draws on a terminal by itself. */
  readonly stream: OutputStream
  #closed = false

  constructor(
    stream: OutputStream,
    environment: Readonly<Record<string, string | undefined>>,
    onClosed: () => void = () => undefined,
  ) {
    this.stream = stream
    this.isTerminal = stream.isTTY === true
    const plain = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb'
    this.colors = picocolors.createColors(this.isTerminal && !plain)
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      this.#closed = true
      onClosed()
    })
  }

  /** True when nobody reads what is written. */
  get closed(): boolean {
    return this.#closed
  }

  /** Columns of the terminal; 100 where there is none. */
  get width(): number {
    return this.stream.columns ?? 100
  }

  /** Resolves when there is room for more. */
  async write(chunk: string | Uint8Array): Promise<void> {
    if (this.#closed) return
    if (this.stream.write(chunk)) return
    // `once` rejects with the error that ends the stream; the listener above has noted it.
    await once(this.stream, 'drain').catch(() => undefined)
  }

  /** Resolves when the operating system has taken it: true unless nobody reads it. */
  deliver(chunk: string | Uint8Array): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false)
    return new Promise((resolve) => {
      this.stream.write(chunk, (error) => {
        resolve(error === null || error === undefined)
      })
    })
  }

  line(text: string): Promise<void> {
    return this.write(`${text}\n`)
  }

  async lines(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.write(`${lines.join('\n')}\n`)
  }

  json(value: unknown): Promise<void> {
    return this.write(jsonLine(value))
  }
}

/** A JSON object on a line. Ids become text, since a JSON number would lose their last digits. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value, idsAsText)}\n`
}

function idsAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
