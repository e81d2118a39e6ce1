/** Calls of the service's methods: with who we are, within a deadline, again where that is safe. */
import type {
  CallOptions,
  Client as GrpcClient,
  ClientDuplexStream,
  ClientReadableStream,
  Metadata,
} from '@grpc/grpc-js'
import type { AbortSignalLike } from '@goethe/core'
import { GoetheError } from '@goethe/core'
import { abortedError } from '@goethe/core/contract'
import type { Method } from '@goethe/protocol'
import { backoffMs } from './backoff.js'
import type { Connection } from './connection.js'
import { closedError, errorOf, isDisconnect, isPassing } from './failures.js'

/** When a call ends, on the clock of performance.now(), in milliseconds. */
export function deadlineOf({ options }: Connection): number {
  return performance.now() + options.deadlineMs
}

/** One answer to one request; tries again while the server is away, until the deadline. */
export async function callUnary<Request, Response>(
  connection: Connection,
  method: Method<Request, Response>,
  request: Request,
  signal?: AbortSignalLike,
): Promise<Response> {
  const deadline = deadlineOf(connection)
  return withRetries(connection, deadline, signal, async (client) => {
    const metadata = await connection.metadata()
    return unaryOnce(client, method, request, metadata, deadline, signal, connection.closing)
  })
}

/** Runs the work again and again while it fails in a way that passes, until the deadline. */
export async function withRetries<Result>(
  connection: Connection,
  deadline: number,
  signal: AbortSignalLike | undefined,
  work: (client: GrpcClient) => Promise<Result>,
): Promise<Result> {
  for (let failures = 0; ; failures++) {
    const client = await connection.acquire(deadline, signal)
    try {
      return await work(client)
    } catch (failure) {
      const error = errorOf(failure)
      if (connection.closed) throw closedError()
      if (signal?.aborted) throw abortedError(signal)
      if (!isPassing(error)) throw thrown(error)
      if (isDisconnect(error)) connection.failed(client, error)
      const delayMs = error.details.retryDelayMs ?? backoffMs(failures, connection.options.random)
      if (performance.now() + delayMs >= deadline) throw error
      await pause(connection, delayMs, signal)
    }
  }
}

/** What only the server could see to be a wrong argument is one all the same. */
function thrown(error: GoetheError): Error {
  if (error.code !== 'GOETHE_INVALID_ARGUMENT') return error
  return new TypeError(error.message, { cause: error })
}

/** Waits; rejects with GOETHE_ABORTED or GOETHE_CLOSED where that comes first. */
export async function pause(
  { options, closing }: Connection,
  delayMs: number,
  signal?: AbortSignalLike,
): Promise<void> {
  if (closing.aborted) throw closedError()
  if (signal?.aborted) throw abortedError(signal)
  await new Promise<void>((resolve, reject) => {
    const end = (error?: GoetheError) => () => {
      cancel()
      closing.removeEventListener('abort', onClose)
      signal?.removeEventListener('abort', onAbort)
      if (error === undefined) resolve()
      else reject(error)
    }
    const onClose = end(closedError())
    const onAbort = (): void => {
      end(abortedError(signal!))()
    }
    const cancel = options.clock.setTimer(end(), delayMs)
    closing.addEventListener('abort', onClose, { once: true })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Opens a stream of answers. */
export function openRead<Request, Response>(
  client: GrpcClient,
  { path, request, response }: Method<Request, Response>,
  value: Request,
  metadata: Metadata,
  options?: CallOptions,
): ClientReadableStream<Response> {
  return client.makeServerStreamRequest<Request, Response>(
    path,
    (message) => bufferOf(request.encode(message)),
    (bytes) => response.decode(bytes),
    value,
    metadata,
    options,
  )
}

/** Opens a stream in both directions. */
export function openDuplex<Request, Response>(
  client: GrpcClient,
  { path, request, response }: Method<Request, Response>,
  metadata: Metadata,
): ClientDuplexStream<Request, Response> {
  return client.makeBidiStreamRequest<Request, Response>(
    path,
    (message) => bufferOf(request.encode(message)),
    (bytes) => response.decode(bytes),
    metadata,
  )
}

function unaryOnce<Request, Response>(
  client: GrpcClient,
  { path, request, response }: Method<Request, Response>,
  value: Request,
  metadata: Metadata,
  deadline: number,
  signal: AbortSignalLike | undefined,
  closing: AbortSignal,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const left = Math.max(deadline - performance.now(), 1)
    const call = client.makeUnaryRequest<Request, Response>(
      path,
      (message) => bufferOf(request.encode(message)),
      (bytes) => response.decode(bytes),
      value,
      metadata,
      { deadline: Date.now() + left },
      (error, answer) => {
        signal?.removeEventListener('abort', cancel)
        closing.removeEventListener('abort', cancel)
        if (error !== null) reject(error)
        else resolve(answer!)
      },
    )
    const cancel = (): void => {
      call.cancel()
    }
    signal?.addEventListener('abort', cancel, { once: true })
    closing.addEventListener('abort', cancel, { once: true })
  })
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
