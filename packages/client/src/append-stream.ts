/**
 * One stream of appends: many in one message, many messages under way, answers in their order.
 * Nothing is sent before the server has said how large its messages may be, and a stream on which
 * nothing happens is ended: left open, it would keep the process alive, and the server from closing
 * the connection.
 */
import type { ClientDuplexStream } from '@grpc/grpc-js'
import type { GoetheError } from '@goethe/core'
import type { AppendOutcome, StreamedAppend } from '@goethe/protocol'
import { errorOf } from './failures.js'
import type { CheckedConnectOptions } from './options.js'

export type AppendCall = ClientDuplexStream<readonly StreamedAppend[], readonly AppendOutcome[]>

/** What came of a stream. */
export interface StreamEnd {
  /** It has answered, and not that all must be sent again. */
  readonly answered: boolean
  readonly error: GoetheError | undefined
}

export interface AppendStreamEvents {
  /** The server has said how large its messages may be, in bytes. */
  onReady(bytesMax: number): void
  /** Gives the error behind which the server takes nothing more, if there is one among the answers. */
  onOutcomes(outcomes: readonly AppendOutcome[]): GoetheError | undefined
  /** True while nobody waits for an answer. */
  isIdle(): boolean
}

/** After so long without an append, at most twice that, the stream ends and the connection is idle. */
const idleMs = 10_000

/** How long a server may take to end the stream when everything was answered. */
const farewellMs = 1000

export class AppendStream {
  /** How it ended; never rejects. */
  readonly ended: Promise<StreamEnd>
  readonly #call: AppendCall
  readonly #options: CheckedConnectOptions
  readonly #events: AppendStreamEvents
  #bytesMax = 0
  #answeredAt: number
  #answered = false
  #refusal: GoetheError | undefined
  #usable = true
  #stopIdling: (() => void) | undefined

  constructor(call: AppendCall, options: CheckedConnectOptions, events: AppendStreamEvents) {
    this.#call = call
    this.#options = options
    this.#events = events
    this.#answeredAt = options.nowMs()
    call.on('metadata', (metadata) => {
      const [bytes] = metadata.get('goethe-message-bytes-max')
      this.#bytesMax = bytes === undefined ? Infinity : Number(bytes)
      events.onReady(this.#bytesMax)
    })
    call.on('data', (outcomes: readonly AppendOutcome[]) => {
      this.#onOutcomes(outcomes)
    })
    this.ended = new Promise((resolve) => {
      call.on('error', (failure) => {
        resolve(this.#onEnd(errorOf(failure)))
      })
      call.on('end', () => {
        resolve(this.#onEnd(undefined))
      })
    })
    this.#watchIdling()
  }

  /** False once nothing should be sent through it any more: what comes now needs another one. */
  get usable(): boolean {
    return this.#usable
  }

  /** Largest message that the server takes, in bytes; 0 until it has said so. */
  get bytesMax(): number {
    return this.#bytesMax
  }

  /** When the server last said something, or the stream began, on the connection's clock. */
  get answeredAt(): number {
    return this.#answeredAt
  }

  write(parts: readonly StreamedAppend[]): void {
    this.#call.write(parts)
  }

  cancel(): void {
    this.#call.cancel()
  }

  /** Ends it, by force if the server does not; the function returned takes back the force. */
  end(kind?: 'background'): () => void {
    this.#leave()
    this.#call.end()
    return this.#options.clock.setTimer(
      () => {
        this.cancel()
      },
      farewellMs,
      kind,
    )
  }

  #onOutcomes(outcomes: readonly AppendOutcome[]): void {
    if (this.#refusal !== undefined) return
    this.#answered = true
    this.#answeredAt = this.#options.nowMs()
    this.#refusal = this.#events.onOutcomes(outcomes)
    if (this.#refusal === undefined) return
    this.#leave()
    this.cancel()
  }

  #onEnd(error: GoetheError | undefined): StreamEnd {
    this.#leave()
    const refusal = this.#refusal
    return { answered: this.#answered && refusal === undefined, error: refusal ?? error }
  }

  #leave(): void {
    this.#usable = false
    this.#stopIdling?.()
    this.#stopIdling = undefined
  }

  #watchIdling(): void {
    const answeredAt = this.#answeredAt
    this.#stopIdling = this.#options.clock.setTimer(
      () => {
        if (this.#events.isIdle() && this.#answeredAt === answeredAt) this.end('background')
        else this.#watchIdling()
      },
      idleMs,
      'background',
    )
  }
}
