/** Carries out what peers ask for, many requests of a connection at a time. */
import { GoetheError } from '@goethe/core'
import type { AcceptedConnection } from './accepted-connection.js'
import { encodeFetchError } from './fetch-frames.js'
import { decodeNumbered, encodeNumber } from './forward-frames.js'
import { type FrameKind, FrameError } from './frame.js'
import type { PeerLimits } from './peer-settings.js'
import type { ForwardHandler } from './peer-transport.js'

export class ForwardServer {
  readonly #forwardsMax: number
  readonly #running = new Map<AcceptedConnection, Map<number, AbortController>>()
  /** With those whose connection is gone and whose handler still ends. */
  readonly #tasks = new Set<Promise<void>>()
  handler: ForwardHandler | undefined

  constructor({ forwardsMax }: PeerLimits) {
    this.#forwardsMax = forwardsMax
  }

  onFrame(connection: AcceptedConnection, kind: FrameKind, body: Buffer): void {
    const { number, rest } = decodeNumbered(body)
    const running = this.#runningOf(connection)
    if (kind === 'cancel') return running.get(number)?.abort()
    if (kind !== 'request' || running.has(number)) {
      throw new FrameError(`A frame of kind ${kind} came where a new request is expected`)
    }
    const refusal = this.#refusal()
    if (refusal !== undefined) return this.#fail(connection, number, refusal)
    const stopping = new AbortController()
    running.set(number, stopping)
    const task = this.#answer(connection, number, rest, stopping.signal).finally(() => {
      running.delete(number)
      this.#tasks.delete(task)
    })
    this.#tasks.add(task)
  }

  /** To be called when the connection is gone. */
  onEnd(connection: AcceptedConnection): void {
    for (const stopping of this.#runningOf(connection).values()) stopping.abort()
    this.#running.delete(connection)
  }

  /** Resolves when all handlers have ended. */
  async close(): Promise<void> {
    for (const running of this.#running.values()) {
      for (const stopping of running.values()) stopping.abort()
    }
    await Promise.all(this.#tasks)
  }

  #runningOf(connection: AcceptedConnection): Map<number, AbortController> {
    const known = this.#running.get(connection) ?? new Map<number, AbortController>()
    this.#running.set(connection, known)
    return known
  }

  #refusal(): GoetheError | undefined {
    if (this.handler === undefined) {
      return new GoetheError('GOETHE_UNAVAILABLE', 'It takes no requests yet; try again later')
    }
    if (this.#tasks.size < this.#forwardsMax) return undefined
    return new GoetheError(
      'GOETHE_LIMIT',
      `It carries out ${this.#forwardsMax} requests of others already; try again later`,
    )
  }

  async #answer(
    connection: AcceptedConnection,
    number: number,
    request: Uint8Array,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const answer = await this.handler!(connection.peer!, request, signal)
      this.#send(connection, 'answer', number, answer)
    } catch (error) {
      this.#fail(connection, number, error)
    }
  }

  #fail(connection: AcceptedConnection, number: number, error: unknown): void {
    this.#send(connection, 'error', number, encodeFetchError(error))
  }

  /** One who does not take an answer would wait for it for ever: losing the connection tells it. */
  #send(
    connection: AcceptedConnection,
    kind: 'answer' | 'error',
    number: number,
    bytes: Uint8Array,
  ): void {
    if (connection.send(kind, [encodeNumber(number), bytes])) return
    connection.end(new Error('the other end does not take its answers'))
  }
}
