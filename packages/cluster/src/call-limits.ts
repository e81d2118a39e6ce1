/** What ends calls before their answer does: their time, their signal, or the end of all of them. */
import { type AbortSignalLike, type Clock, GoetheError } from '@goethe/core'
import { abortedError } from '@goethe/core/contract'

export interface CallLimit {
  /** Undefined: as long as it takes. */
  timeoutMs?: number | undefined
  signal?: AbortSignalLike | undefined
  /** Called once, possibly at once, with GOETHE_UNAVAILABLE, GOETHE_ABORTED or GOETHE_CLOSED. */
  onEnd(error: GoetheError): void
}

export class CallLimits {
  readonly #clock: Clock
  readonly #what: string
  readonly #ends = new Set<(error: GoetheError) => void>()
  #closed = false

  /** `what` is asked, for messages: "The API server at https://…". */
  constructor(clock: Clock, what: string) {
    this.#clock = clock
    this.#what = what
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Limits a call; the function returned is called when it is over. */
  limit({ timeoutMs, signal, onEnd }: CallLimit): () => void {
    const stop = (): void => {
      stopTimer?.()
      signal?.removeEventListener('abort', onAbort)
      this.#ends.delete(end)
    }
    const end = (error: GoetheError): void => {
      stop()
      onEnd(error)
    }
    const onAbort = (): void => {
      end(abortedError(signal!))
    }
    const onTime = (): void => {
      end(this.timeoutError(timeoutMs!))
    }
    const stopTimer = timeoutMs === undefined ? undefined : this.#clock.setTimer(onTime, timeoutMs)
    this.#ends.add(end)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (this.#closed) end(this.closedError())
    else if (signal?.aborted === true) onAbort()
    return stop
  }

  timeoutError(timeoutMs: number): GoetheError {
    return new GoetheError('GOETHE_UNAVAILABLE', `${this.#what} gave no answer in ${timeoutMs} ms`)
  }

  closedError(): GoetheError {
    return new GoetheError('GOETHE_CLOSED', `${this.#what} is asked no more: this was closed`)
  }

  /** Ends all calls, and all that begin later. */
  close(): void {
    this.#closed = true
    for (const end of [...this.#ends]) end(this.closedError())
  }
}
