/**
 * Answers requests for bulk data. A piece is asked for only while little of those before waits in
 * this process, so that whoever reads slowly is sent to slowly, and costs little memory.
 */
import { setImmediate } from 'node:timers/promises'
import { GoetheError, assert } from '@goethe/core'
import type { AcceptedConnection } from './accepted-connection.js'
import { type FrameKind, FrameError } from './frame.js'
import { encodeFetchError, fetchAheadBytes } from './fetch-frames.js'
import type { PeerLimits } from './peer-settings.js'
import type { FetchHandler } from './peer-transport.js'

const turnBytes = 256 * 1024

export class FetchServer {
  readonly #fetchesMax: number
  readonly #chunkBytesMax: number
  readonly #running = new Map<AcceptedConnection, AbortController>()
  /** With those whose connection is gone and whose handler still ends. */
  readonly #tasks = new Set<Promise<void>>()
  handler: FetchHandler | undefined

  constructor({ fetchesMax, messageBytesMax }: PeerLimits) {
    this.#fetchesMax = fetchesMax
    this.#chunkBytesMax = messageBytesMax
  }

  onFrame(connection: AcceptedConnection, kind: FrameKind, body: Buffer): void {
    if (kind !== 'request' || this.#running.has(connection)) {
      throw new FrameError(`A frame of kind ${kind} came where one request at a time is expected`)
    }
    const refusal = this.#refusal()
    if (refusal !== undefined) return this.#fail(connection, refusal)
    const stopping = new AbortController()
    this.#running.set(connection, stopping)
    const task = this.#answer(connection, body, stopping.signal).finally(() => {
      this.#running.delete(connection)
      this.#tasks.delete(task)
    })
    this.#tasks.add(task)
  }

  /** To be called when the connection is gone. */
  onEnd(connection: AcceptedConnection): void {
    this.#running.get(connection)?.abort()
  }

  /** Resolves when all handlers have ended. */
  async close(): Promise<void> {
    for (const stopping of this.#running.values()) stopping.abort()
    await Promise.all(this.#tasks)
  }

  #refusal(): GoetheError | undefined {
    if (this.handler === undefined) {
      return new GoetheError('GOETHE_UNAVAILABLE', 'It gives no bulk data yet; try again later')
    }
    if (this.#running.size < this.#fetchesMax) return undefined
    return new GoetheError(
      'GOETHE_LIMIT',
      `It answers ${this.#fetchesMax} requests for bulk data already; try again later`,
    )
  }

  async #answer(connection: AcceptedConnection, request: Buffer, signal: AbortSignal) {
    try {
      let bytes = 0
      const source = this.handler!(connection.peer!, Buffer.from(request), signal)
      for await (const chunk of source) {
        assert(chunk.length <= this.#chunkBytesMax, 'a piece of bulk data is not above its limit')
        connection.send('chunk', [chunk])
        bytes += chunk.length
        // A source that never waits and a fast reader would leave no time for heartbeats.
        if (bytes >= turnBytes) {
          bytes = 0
          await setImmediate()
        }
        await connection.drained(fetchAheadBytes)
        if (connection.ended) return
      }
      // The one who asked closes, when it has read all.
      connection.send('end', [])
    } catch (error) {
      this.#fail(connection, error)
    }
  }

  #fail(connection: AcceptedConnection, error: unknown): void {
    connection.send('error', [encodeFetchError(error)])
  }
}
