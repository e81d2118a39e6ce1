/** The messages of a stream that does not go on after a broken connection. */
import type { AbortSignalLike } from '@goethe/core'
import type { Readable } from 'node:stream'
import type { Connection } from './connection.js'
import { asThrown, errorOf } from './failures.js'
import { assertGoingOn, noAnswerError } from './waiting.js'

/** What is used of a grpc-js call that answers with a stream. */
export type AnswerStream = Readable & { cancel(): void }

/**
 * Gives what the server sends. Rejects with a GoetheError: GOETHE_DEADLINE when nothing comes for
 * too long, unless `isIdle` says that the server has nothing to do.
 */
export async function* answersOf<Message>(
  connection: Connection,
  signal: AbortSignalLike | undefined,
  stream: AnswerStream,
  isIdle: () => boolean = () => false,
): AsyncGenerator<Message, void, undefined> {
  const { clock, deadlineMs } = connection.options
  const messages = (stream as AsyncIterable<Message>)[Symbol.asyncIterator]()
  let isLate = false
  const cancel = (): void => {
    stream.cancel()
  }
  const onTime = (): void => {
    if (isIdle()) stopTimer = clock.setTimer(onTime, deadlineMs)
    else {
      isLate = true
      stream.cancel()
    }
  }
  let stopTimer: () => void = () => undefined
  const stopListening = connection.onEnd(signal, cancel)
  // A stream that is cancelled when nobody waits for its next message has an error all the same.
  stream.on('error', () => undefined)
  if (connection.closed || signal?.aborted === true) cancel()
  try {
    for (;;) {
      stopTimer = clock.setTimer(onTime, deadlineMs)
      const next = await messages.next()
      stopTimer()
      if (next.done === true) return
      yield next.value
    }
  } catch (failure) {
    assertGoingOn(connection, signal)
    const error = errorOf(failure)
    throw isLate ? noAnswerError(connection) : asThrown(error)
  } finally {
    stopTimer()
    stopListening()
    stream.cancel()
  }
}
