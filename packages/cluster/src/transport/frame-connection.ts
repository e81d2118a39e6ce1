/** A socket that carries frames, and notices when nobody is at its other end. */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Clock } from '@goethe/core'
import { FrameError, type FrameKind, FrameReader, encodeFrame } from './frame.js'
import { releaseBytes } from './released-bytes.js'

export interface FrameConnectionOptions {
  readonly clock: Clock
  /** How often the other end is told that somebody is here, in milliseconds. */
  readonly keepaliveMs: number
  /** So long may the other end say nothing, in milliseconds. */
  readonly silenceMs: number
  /** Bytes that may wait for the other end to read; one frame is taken whatever its size. */
  readonly queueBytesMax: number
}

export interface FrameConnectionHandler {
  /** FrameError thrown by it closes the connection. */
  onFrame(kind: FrameKind, body: Buffer): void
  /** Called some times a second while a frame takes long to come, as long as more of it comes. */
  onReceiving?: () => void
  /** Called once, never from within a call of `send`. */
  onEnd(error: Error): void
}

/** Bodies that come before it is known who is there. */
export const handshakeBytesMax = 4096

/** So long a frame may take before it is told that more of it comes, and so often is that told. */
const receivingMs = 100

export class FrameConnection {
  readonly socket: Socket
  readonly #options: FrameConnectionOptions
  readonly #handler: FrameConnectionHandler
  readonly #reader: FrameReader
  readonly #checksum: boolean
  /** Periods of keepalive since something was last heard. */
  #silentPeriods = 0
  /** The other end is not read from, so that its silence means nothing. */
  #paused = false
  #stopTimer: (() => void) | undefined
  /** Frames that came so far. */
  #frames = 0
  #stopReceiving: (() => void) | undefined
  #ended = false

  constructor(socket: Socket, options: FrameConnectionOptions, handler: FrameConnectionHandler) {
    this.socket = socket
    this.#options = options
    this.#handler = handler
    this.#checksum = !(socket instanceof TLSSocket)
    this.#reader = new FrameReader(handshakeBytesMax, this.#checksum, (kind, body) => {
      this.#onFrame(kind, body)
    })
    socket.on('data', (bytes: Buffer) => {
      this.#onData(bytes)
    })
    socket.on('error', (error) => {
      this.end(error)
    })
    socket.on('close', () => {
      this.end(new Error('the other end closed the connection'))
    })
  }

  get ended(): boolean {
    return this.#ended || this.socket.destroyed
  }

  get address(): string {
    return `${this.socket.remoteAddress}:${this.socket.remotePort}`
  }

  /** Bytes that wait for the other end to read. */
  get queueBytes(): number {
    return this.socket.writableLength
  }

  /** From here on frames may be larger, and the other end has to say something now and then. */
  open(bodyBytesMax: number): void {
    this.#reader.bodyBytesMax = bodyBytesMax
    this.#keepAlive()
  }

  /** False when it was not taken. */
  send(kind: FrameKind, parts: readonly Uint8Array[]): boolean {
    if (this.ended) return false
    const { socket } = this
    if (socket.writableLength > this.#options.queueBytesMax) return false
    const buffers = encodeFrame(kind, parts, this.#checksum)
    if (buffers.length === 1) {
      socket.write(buffers[0]!)
      return true
    }
    socket.cork()
    for (const buffer of buffers) socket.write(buffer)
    socket.uncork()
    return true
  }

  pause(): void {
    this.#paused = true
    this.socket.pause()
  }

  resume(): void {
    this.#paused = false
    this.#silentPeriods = 0
    if (!this.#ended) this.socket.resume()
  }

  /**
   * Resolves when no more than `aheadBytes` wait for the other end to read, or the connection has
   * ended.
   */
  async drained(aheadBytes: number): Promise<void> {
    const { socket } = this
    if (this.ended || !socket.writableNeedDrain || socket.writableLength <= aheadBytes) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off('drain', done)
        socket.off('close', done)
        resolve()
      }
      socket.on('drain', done)
      socket.on('close', done)
    })
  }

  /** Sends what waits, then closes; the other end has as long as it may be silent. */
  finish(error: Error): void {
    if (this.#ended) return
    this.#end(error)
    const stopTimer = this.#options.clock.setTimer(
      () => this.socket.destroy(),
      this.#options.silenceMs,
      'background',
    )
    this.socket.once('close', stopTimer)
    this.socket.resume()
    this.socket.end()
  }

  /** Closes at once. May be called again. */
  end(error: Error): void {
    this.socket.destroy()
    this.#end(error)
  }

  #end(error: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#reader.stop()
    this.#stopTimer?.()
    this.#stopReceiving?.()
    this.#handler.onEnd(error)
  }

  #onData(bytes: Buffer): void {
    if (this.#ended) return
    this.#silentPeriods = 0
    try {
      if (this.#reader.push(bytes)) releaseBytes(bytes)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      return this.end(error)
    }
    this.#watchPending()
  }

  /** What came of a frame is looked at again a little later. */
  #watchPending(): void {
    const { onReceiving } = this.#handler
    const { pendingBytes } = this.#reader
    if (onReceiving === undefined || pendingBytes === 0) return
    if (this.#ended || this.#stopReceiving !== undefined) return
    const frames = this.#frames
    this.#stopReceiving = this.#options.clock.setTimer(
      () => {
        this.#stopReceiving = undefined
        const isSame = frames === this.#frames
        if (isSame && this.#reader.pendingBytes > pendingBytes) onReceiving()
      },
      receivingMs,
      'background',
    )
  }

  #onFrame(kind: FrameKind, body: Buffer): void {
    this.#frames++
    if (kind !== 'alive') this.#handler.onFrame(kind, body)
  }

  #keepAlive(): void {
    const { clock, keepaliveMs, silenceMs } = this.#options
    this.#stopTimer = clock.setTimer(
      () => {
        if (!this.#paused) this.#silentPeriods++
        if (this.#silentPeriods * keepaliveMs >= silenceMs) {
          return this.end(new Error(`the other end said nothing for ${silenceMs} ms`))
        }
        // What waits to be sent says the same as soon as it gets through.
        if (this.socket.writableLength === 0) this.send('alive', [])
        this.#keepAlive()
      },
      keepaliveMs,
      'background',
    )
  }
}
