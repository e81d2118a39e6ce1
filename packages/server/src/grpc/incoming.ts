import type { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * The messages of a stream as they come. Unlike the stream's own iterator, it rejects with the
 * signal's reason as soon as that fires, also while nothing comes, and leaving it does not destroy
 * the stream, by which its caller would never learn how the call ended. It ends where the caller has
 * ended the stream, and only there.
 */
export async function* incoming<Message>(
  stream: Readable,
  signal: AbortSignal,
): AsyncGenerator<Message, void, undefined> {
  let wake: () => void = () => undefined
  const onEvent = (): void => wake()
  for (const event of events) stream.on(event, onEvent)
  signal.addEventListener('abort', onEvent)
  try {
    for (;;) {
      signal.throwIfAborted()
      const message = stream.read() as Message | null
      if (message !== null) yield message
      else if (stream.readableEnded || stream.destroyed) {
        // A stream that was broken off looks like one that was ended until the end of this turn.
        await nextTurn()
        signal.throwIfAborted()
        return
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  } finally {
    for (const event of events) stream.off(event, onEvent)
    signal.removeEventListener('abort', onEvent)
  }
}

const events = ['readable', 'end', 'close', 'error'] as const
