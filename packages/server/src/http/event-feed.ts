/**
 * Events as a body that goes on: server-sent events or lines of JSON. The connection pulls it, so a
 * reader that is slow costs what is in flight to it and no more.
 */
import { type Clock, type LogEvent, isGoetheError } from '@goethe/core'
import { type PayloadFormat, eventJson } from './event-json.js'
import { problemOf } from './problem.js'

export interface FeedOptions {
  format: 'sse' | 'ndjson'
  payload: PayloadFormat
  clock: Clock
  /** A quiet feed shows so often that it is still there; undefined for one that ends by itself. */
  heartbeatMs: number | undefined
  /** Fires when the server stops: the feed says so and ends. */
  stopping: AbortSignal
  /** Events that were taken for this reader. */
  onRead(events: readonly LogEvent[]): void
  /** What ended the feed before its end. */
  onError(error: unknown): void
}

/** A chunk is handed to the connection once it has so many characters. */
export const chunkLength = 64 * 1024

/** After how long a browser connects again. */
const retryMs = 1000

const newline = '\n'

export async function* eventFeed(
  batches: AsyncIterableIterator<LogEvent[]>,
  options: FeedOptions,
): AsyncGenerator<string> {
  const { format, payload, stopping, onRead, onError } = options
  const text = format === 'sse' ? sseText : lineText
  try {
    // The head of the answer goes with the first bytes, and the client waits for it.
    if (format === 'sse') yield `retry: ${retryMs}\n\n`
    for await (const events of withHeartbeats(batches, options)) {
      if (events === undefined) {
        yield format === 'sse' ? ': heartbeat\n\n' : newline
        continue
      }
      onRead(events)
      let chunk = ''
      for (const event of events) {
        chunk += text(event, payload)
        if (chunk.length < chunkLength) continue
        yield chunk
        chunk = ''
      }
      if (chunk !== '') yield chunk
    }
  } catch (error) {
    if (stopping.aborted || isGoetheError(error, 'GOETHE_CLOSED')) {
      // The client reads on elsewhere, from the last id that it saw.
      if (format === 'sse') yield ': the server stops\n\n'
      return
    }
    if (isGoetheError(error, 'GOETHE_ABORTED')) return
    onError(error)
    const { body } = problemOf(error)
    yield format === 'sse' ? `event: problem\ndata: ${body}\n\n` : `{"problem":${body}}\n`
  }
}

/** What comes, and undefined whenever nothing came for a while. */
async function* withHeartbeats(
  batches: AsyncIterableIterator<LogEvent[]>,
  { clock, heartbeatMs }: FeedOptions,
): AsyncGenerator<LogEvent[] | undefined> {
  try {
    for (;;) {
      const next = batches.next()
      // Listened to once: each race with a heartbeat would leave something behind on a promise
      // which, on a quiet topic, lasts for days.
      let wake = (): void => undefined
      let settled = false
      const onSettled = (): void => {
        settled = true
        wake()
      }
      next.then(onSettled, onSettled)
      while (!settled) {
        let cancel = (): void => undefined
        await new Promise<void>((resolve) => {
          wake = resolve
          if (heartbeatMs !== undefined) cancel = clock.setTimer(resolve, heartbeatMs)
        })
        cancel()
        if (!settled) yield undefined
      }
      const result = await next
      if (result.done) return
      yield result.value
    }
  } finally {
    await batches.return?.()
  }
}

function sseText(event: LogEvent, payload: PayloadFormat): string {
  return `id: ${event.id}\ndata: ${eventJson(event, payload)}\n\n`
}

function lineText(event: LogEvent, payload: PayloadFormat): string {
  return `${eventJson(event, payload)}\n`
}
