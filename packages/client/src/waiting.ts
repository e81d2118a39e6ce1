/** Waiting with an end: by time, by an AbortSignal, or because the client closes. */
import type { AbortSignalLike } from '@goethe/core'
import { GoetheError } from '@goethe/core'
import { abortedError } from '@goethe/core/contract'
import type { Connection } from './connection.js'
import { closedError } from './failures.js'

/** When a call that begins now ends, on the connection's clock, in milliseconds. */
export function deadlineOf({ options }: Connection): number {
  return options.nowMs() + options.deadlineMs
}

/** What the promise gives; undefined when the end, the signal or the client's end comes before. */
export async function before<Value>(
  connection: Connection,
  promise: Promise<Value>,
  end: number,
  signal?: AbortSignalLike,
): Promise<Value | undefined> {
  const { clock, nowMs } = connection.options
  let wake!: (nothing: undefined) => void
  const interrupted = new Promise<undefined>((resolve) => {
    wake = resolve
  })
  const onEnd = (): void => {
    wake(undefined)
  }
  const stopTimer = end === Infinity ? undefined : clock.setTimer(onEnd, Math.max(end - nowMs(), 0))
  const stopListening = connection.onEnd(signal, onEnd)
  if (connection.closed || signal?.aborted === true) onEnd()
  try {
    return await Promise.race([promise, interrupted])
  } finally {
    stopTimer?.()
    stopListening()
  }
}

/** Waits; rejects with GOETHE_ABORTED or GOETHE_CLOSED where that comes first. */
export async function pause(
  connection: Connection,
  delayMs: number,
  signal?: AbortSignalLike,
): Promise<void> {
  const never = new Promise<never>(() => undefined)
  await before(connection, never, connection.options.nowMs() + delayMs, signal)
  assertGoingOn(connection, signal)
}

/** Throws GOETHE_CLOSED or GOETHE_ABORTED where nobody waits any more. */
export function assertGoingOn(connection: Connection, signal?: AbortSignalLike): void {
  if (connection.closed) throw closedError()
  if (signal?.aborted === true) throw abortedError(signal)
}

/** The server has the call, and says nothing. */
export function noAnswerError({ options, address }: Connection): GoetheError {
  return new GoetheError(
    'GOETHE_DEADLINE',
    `The server at goethe://${address} did not answer within ${options.deadlineMs} ms (deadlineMs)`,
  )
}
