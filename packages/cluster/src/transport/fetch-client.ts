/** Asks a peer for bulk data and hands it out as fast as it is taken. */
import { type AbortSignalLike, GoetheError } from '@goethe/core'
import { abortedError } from '@goethe/core/contract'
import { DialedConnection, unavailable } from './dialed-connection.js'
import { FrameError, type FrameKind } from './frame.js'
import { decodeFetchError, fetchAheadBytes } from './fetch-frames.js'
import type { PeerSettings } from './peer-settings.js'

export class FetchClient {
  readonly #settings: PeerSettings
  /** What ends each fetch under way. */
  readonly #ends = new Set<(error: GoetheError) => void>()
  #closed = false

  constructor(settings: PeerSettings) {
    this.#settings = settings
  }

  async *fetch(
    member: string,
    address: string,
    request: Uint8Array,
    signal?: AbortSignalLike,
  ): AsyncGenerator<Uint8Array> {
    if (this.#closed) throw fetchClosedError()
    const incoming = new Incoming(this.#settings, member, address, request)
    const end = (error: GoetheError): void => {
      incoming.fail(error)
    }
    const onAbort = (): void => {
      incoming.fail(abortedError(signal!))
    }
    this.#ends.add(end)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      if (signal?.aborted === true) onAbort()
      for (;;) {
        const chunk = await incoming.next()
        if (chunk === undefined) return
        yield chunk
      }
    } finally {
      signal?.removeEventListener('abort', onAbort)
      this.#ends.delete(end)
      incoming.stop()
    }
  }

  close(): void {
    this.#closed = true
    for (const end of [...this.#ends]) end(fetchClosedError())
  }
}

/** The pieces that have come and are not taken yet, and how it ended. */
class Incoming {
  readonly #member: string
  readonly #dialed: DialedConnection
  #chunks: Buffer[] = []
  #chunkBytes = 0
  #paused = false
  #over: { error?: GoetheError } | undefined
  #wake: (() => void) | undefined

  constructor(settings: PeerSettings, member: string, address: string, request: Uint8Array) {
    this.#member = member
    this.#dialed = new DialedConnection(settings, member, address, 'fetch', {
      onReady: () => {
        this.#dialed.send('request', [request])
      },
      onFrame: (kind, body) => {
        this.#onFrame(kind, body)
      },
      onEnd: (problem) => {
        this.fail(unavailable(problem))
      },
    })
  }

  /** The next piece; undefined at the end. Pieces that came before a failure are still handed out. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift()
      if (chunk !== undefined) {
        this.#chunkBytes -= chunk.length
        if (this.#chunkBytes <= fetchAheadBytes / 2) this.#pause(false)
        return chunk
      }
      if (this.#over?.error !== undefined) throw this.#over.error
      if (this.#over !== undefined) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  fail(error: GoetheError): void {
    this.#end({ error })
  }

  stop(): void {
    this.#chunks = []
    this.#dialed.end()
  }

  #onFrame(kind: FrameKind, body: Buffer): void {
    if (kind === 'chunk') {
      this.#chunks.push(body)
      this.#chunkBytes += body.length
      if (this.#chunkBytes > fetchAheadBytes) this.#pause(true)
      this.#wake?.()
    } else if (kind === 'end') {
      this.#end({})
    } else if (kind === 'error') {
      this.fail(decodeFetchError(this.#member, body))
    } else {
      throw new FrameError(`A frame of kind ${kind} came where bulk data is expected`)
    }
  }

  #pause(paused: boolean): void {
    if (paused === this.#paused) return
    this.#paused = paused
    if (paused) this.#dialed.pause()
    else this.#dialed.resume()
  }

  #end(how: { error?: GoetheError }): void {
    this.#over ??= how
    this.#wake?.()
  }
}

/** The error of a fetch from a transport that is closed. */
export function fetchClosedError(): GoetheError {
  return new GoetheError('GOETHE_CLOSED', 'No bulk data is fetched any more: this was closed')
}
