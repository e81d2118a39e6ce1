/** Calls of the service's methods: with who we are, within a deadline, again where that is safe. */
import type {
  Client as GrpcClient,
  ClientDuplexStream,
  ClientReadableStream,
  Metadata,
  ServiceError,
} from '@grpc/grpc-js'
import { type AbortSignalLike, GoetheError } from '@goethe/core'
import { abortedError } from '@goethe/core/contract'
import type { Method } from '@goethe/protocol'
import { retryDelayMs } from './backoff.js'
import type { Connection } from './connection.js'
import { asThrown, closedError, errorOf, isDisconnect, isPassing } from './failures.js'
import { deadlineOf, pause } from './waiting.js'

/** One answer to one request; tries again while the server is away, until the deadline. */
export async function callUnary<Request, Response>(
  connection: Connection,
  method: Method<Request, Response>,
  request: Request,
  signal?: AbortSignalLike,
): Promise<Response> {
  const deadline = deadlineOf(connection)
  return withRetries(connection, deadline, signal, async (client) => {
    const metadata = await connection.metadata(deadline, signal)
    return unaryOnce(connection, client, method, request, metadata, deadline, signal)
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
      if (!isPassing(error)) throw asThrown(error)
      if (isDisconnect(error)) connection.failed(client, error)
      const delayMs = retryDelayMs(error, failures, connection.options.random)
      if (connection.options.nowMs() + delayMs >= deadline) throw error
      await pause(connection, delayMs, signal)
    }
  }
}

/** Opens a stream of answers. */
export function openRead<Request, Response>(
  client: GrpcClient,
  { path, request, response }: Method<Request, Response>,
  value: Request,
  metadata: Metadata,
): ClientReadableStream<Response> {
  return begun(() =>
    client.makeServerStreamRequest<Request, Response>(
      path,
      (message) => bufferOf(request.encode(message)),
      (bytes) => response.decode(bytes),
      value,
      metadata,
    ),
  )
}

/** Opens a stream in both directions. */
export function openDuplex<Request, Response>(
  client: GrpcClient,
  { path, request, response }: Method<Request, Response>,
  metadata: Metadata,
): ClientDuplexStream<Request, Response> {
  return begun(() =>
    client.makeBidiStreamRequest<Request, Response>(
      path,
      (message) => bufferOf(request.encode(message)),
      (bytes) => response.decode(bytes),
      metadata,
    ),
  )
}

function unaryOnce<Request, Response>(
  connection: Connection,
  client: GrpcClient,
  { path, request, response }: Method<Request, Response>,
  value: Request,
  metadata: Metadata,
  deadline: number,
  signal: AbortSignalLike | undefined,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const left = Math.max(deadline - connection.options.nowMs(), 1)
    const onEnd = (error: ServiceError | null, answer?: Response): void => {
      stopListening()
      if (error !== null) reject(error)
      else resolve(answer!)
    }
    const call = begun(() =>
      client.makeUnaryRequest<Request, Response>(
        path,
        (message) => bufferOf(request.encode(message)),
        (bytes) => response.decode(bytes),
        value,
        metadata,
        { deadline: Date.now() + left },
        onEnd,
      ),
    )
    const cancel = (): void => {
      call.cancel()
    }
    const stopListening = connection.onEnd(signal, cancel)
  })
}

/** grpc-js throws where the connection was closed a moment ago. */
function begun<Begun>(begin: () => Begun): Begun {
  try {
    return begin()
  } catch (cause) {
    throw new GoetheError('GOETHE_UNAVAILABLE', 'The connection was closed', { cause })
  }
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
