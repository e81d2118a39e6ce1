/** One HTTP request and its answer, with what undici's own calls do not tell: whether it was sent. */
import type { Dispatcher } from 'undici'

export interface ExchangeHandler {
  onStatus(status: number): void
  onData(bytes: Buffer): void
  /** Once, at the end of the answer. */
  onEnd(): void
  /** Once, instead of the end. `wasSent` is false where certainly nothing of it was. */
  onFailure(error: Error, wasSent: boolean): void
}

/** Sends the request; the function returned breaks it off, which is a failure too. */
export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  handler: ExchangeHandler,
): (reason: Error) => void {
  let controller: Dispatcher.DispatchController | undefined
  let wasSent = false
  let isOver = false
  const fail = (error: Error): void => {
    if (isOver) return
    isOver = true
    handler.onFailure(error, wasSent)
  }
  dispatcher.dispatch(
    { ...request, headersTimeout: 0, bodyTimeout: 0 },
    {
      // There is a connection, and the request is written next.
      onRequestStart(started) {
        controller = started
        if (isOver) started.abort(new Error('Broken off before it was sent'))
        else wasSent = true
      },
      onResponseStart(_controller, status) {
        if (!isOver) handler.onStatus(status)
      },
      onResponseData(_controller, chunk) {
        if (!isOver) handler.onData(chunk)
      },
      onResponseEnd() {
        if (isOver) return
        isOver = true
        handler.onEnd()
      },
      onResponseError(_controller, error) {
        fail(error)
      },
    },
  )
  return (reason) => {
    fail(reason)
    controller?.abort(reason)
  }
}
