/** Streams of gRPC: written no faster than they are read, and ended with whatever became of them. */
import type { Readable, Writable } from 'node:stream'
import { once } from 'node:events'
import { GoetheError } from '@goethe/core'
import type { ServerContext } from '../server-context.js'
import {
  type Call,
  CallRecord,
  type SurfaceCall,
  beginCall,
  serviceError,
  stoppingError,
} from './grpc-call.js'

/** A stream's call. */
export interface StreamCall extends Call {
  /** Fires when the caller has gone away or the server stops. */
  readonly signal: AbortSignal
}

/** What is used of the streams of grpc-js. */
export type OutgoingStream = SurfaceCall & Writable & { readonly cancelled: boolean }
export type IncomingStream = SurfaceCall & Readable & { readonly cancelled: boolean }

/** Runs the work of a stream; it ends as the work does. */
export function serveStream<Stream extends OutgoingStream>(
  context: ServerContext,
  method: string,
  stream: Stream,
  work: (call: StreamCall) => Promise<void>,
): void {
  const record = new CallRecord(context, method, 'stream', stream.metadata)
  const controller = new AbortController()
  const stop = (): void => {
    controller.abort(stoppingError())
  }
  context.stopping.addEventListener('abort', stop, { once: true })
  const leave = (): void => {
    controller.abort(new GoetheError('GOETHE_CANCELLED', 'The caller has gone away'))
  }
  stream.once('cancelled', leave)
  // Without a listener, what is written to a stream that was destroyed would end the process.
  stream.on('error', () => undefined)
  const run = async (): Promise<void> => {
    if (stream.cancelled) leave()
    const call = await beginCall(context, stream)
    await work({ ...call, signal: controller.signal })
  }
  record
    .run(run)
    .then(
      () => {
        record.ok()
        stream.end()
      },
      (error: unknown) => {
        // Whoever was waiting in vain learns why: the signal's reason, not that it fired.
        const { aborted, reason } = controller.signal
        stream.emit('error', serviceError(record.failed(aborted ? reason : error)))
      },
    )
    .finally(() => {
      context.stopping.removeEventListener('abort', stop)
    })
}

/** Writes a message, and waits while the reader has not taken what was written before. */
export async function write(
  stream: Writable,
  message: unknown,
  signal: AbortSignal,
): Promise<void> {
  if (stream.destroyed) throw new GoetheError('GOETHE_CANCELLED', 'The caller has gone away')
  if (!stream.write(message)) await once(stream, 'drain', { signal })
}
