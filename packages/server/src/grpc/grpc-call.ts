/** One call of gRPC as the services see it: who calls, on what, and until when. */
import {
  Metadata,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js'
import { GoetheError } from '@goethe/core'
import { detailsTrailer, encodeErrorDetails, goetheError, grpcStatusOf } from '@goethe/protocol'
import type { Identity } from '../identity.js'
import type { ServedLog } from '../served-log.js'
import type { CallHeaders, ServerContext } from '../server-context.js'

/** What a service is called with. */
export interface Call {
  readonly context: ServerContext
  readonly identity: Identity
  /** The log as the caller may use it. */
  readonly log: ServedLog
  /** Names the connection. */
  readonly peer: string
  /** Fires when the caller has gone away, or its deadline is over. */
  readonly signal?: AbortSignal | undefined
}

/** What grpc-js calls have in common, as far as it is used here. */
export interface SurfaceCall {
  readonly metadata: Metadata
  getPeer(): string
  getAuthContext(): { sslPeerCertificate?: import('node:tls').PeerCertificate }
}

/** Finds out who calls. Rejects with GOETHE_UNAUTHENTICATED, GOETHE_LIMIT or GOETHE_CANCELLED. */
export async function beginCall(context: ServerContext, call: SurfaceCall): Promise<Call> {
  if (context.stopping.aborted) throw stoppingError()
  const identity = await callerOf(context, call)
  context.admission.request(identity)
  return { context, identity, log: context.logFor(identity), peer: call.getPeer() }
}

/** The same for a call with one answer, of which is known when nobody waits for it any more. */
export async function beginUnaryCall(
  context: ServerContext,
  call: SurfaceCall & Pick<ServerUnaryCall<unknown, unknown>, 'cancelled' | 'once'>,
): Promise<Call> {
  const gone = new AbortController()
  // It is emitted behind each answer as well, so an error for each call would be too much.
  const leave = (): void => {
    gone.abort(callerGone)
  }
  call.once('cancelled', leave)
  if (call.cancelled) leave()
  return { ...(await beginCall(context, call)), signal: gone.signal }
}

/** Who calls. Rejects as `Identify` does. */
export function callerOf(context: ServerContext, call: SurfaceCall): Promise<Identity> {
  const certificate = call.getAuthContext().sslPeerCertificate
  const address = (): string => call.getPeer().replace(/:\d+$/, '')
  return context.identify(headersOf(call.metadata), certificate, address)
}

const callerGone = 'The caller has gone away'

/** The error with which a stopping server ends what is under way. */
export function stoppingError(): GoetheError {
  return new GoetheError('GOETHE_CANCELLED', 'The server is stopping')
}

/** An error as grpc-js sends it: a status, and in the trailer what programs want to know. */
export function serviceError(error: GoetheError): Partial<ServiceError> {
  const metadata = new Metadata()
  metadata.set(detailsTrailer, Buffer.from(encodeErrorDetails(error)))
  return Object.assign(new Error(error.message), {
    code: grpcStatusOf(error.code),
    details: error.message,
    metadata,
  })
}

/** Counts, traces and answers one call, whatever becomes of it. */
export class CallRecord {
  readonly #context: ServerContext
  readonly #method: string
  readonly #ended: (code: string) => void
  readonly #span: ReturnType<ServerContext['tracing']['begin']>
  #done = false

  constructor(
    context: ServerContext,
    method: string,
    kind: 'request' | 'stream',
    from: Metadata,
    service = 'goethe.v1.EventLog',
  ) {
    this.#context = context
    this.#method = method
    this.#ended = context.metrics[kind]('grpc', method)
    const headerOf = (name: string): string | undefined => {
      const [value] = from.get(name)
      return typeof value === 'string' ? value : undefined
    }
    this.#span = context.tracing.begin(`${service}/${method}`, headerOf, {
      'rpc.system': 'grpc',
      'rpc.method': method,
    })
  }

  run<Result>(work: () => Result): Result {
    return this.#span.run(work)
  }

  ok(): void {
    this.#end('OK')
  }

  /** The error as the caller gets it; a defect is written to the log. */
  failed(error: unknown): GoetheError {
    const known = goetheError(error)
    if (known.code === 'GOETHE_INTERNAL') {
      this.#context.logger.error({ error, method: this.#method }, 'A call met a defect')
    }
    this.#end(known.code)
    return known
  }

  #end(code: string): void {
    if (this.#done) return
    this.#done = true
    this.#ended(code)
    this.#span.end(code)
  }
}

/** Answers a unary call. */
export function answer<Response>(
  record: CallRecord,
  work: () => Promise<Response>,
  callback: sendUnaryData<Response>,
): void {
  record.run(work).then(
    (response) => {
      record.ok()
      callback(null, response)
    },
    (error: unknown) => {
      callback(serviceError(record.failed(error)))
    },
  )
}

function headersOf(metadata: Metadata): CallHeaders {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(metadata.getMap())) {
    if (typeof value === 'string') headers[name] = value
  }
  return headers
}
