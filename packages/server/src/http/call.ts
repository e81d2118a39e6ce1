/** One request on its way through the server. */
import type { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Release } from '../admission.js'
import type { Identity } from '../identity.js'
import type { ServedLog } from '../served-log.js'
import type { ClientCertificate, ServerContext } from '../server-context.js'
import type { RequestSpan } from '../tracing.js'

export interface Call {
  readonly span: RequestSpan
  /** Counts the request as ended. */
  end: (code: string) => void
  /** The code of the error that it was answered with, or 'OK'. */
  code: string
  identity: Identity | undefined
  /** The log as the caller may use it; undefined where nobody was asked who it is. */
  log: ServedLog | undefined
  /** Has it given back when the request has ended, which may have been while something was awaited. */
  hold(release: Release): void
  /** Fires when the client is gone before it was answered. */
  readonly gone: AbortSignal
}

declare module 'fastify' {
  interface FastifyRequest {
    call: Call
  }
  interface FastifyContextConfig {
    /** The body in /openapi.json, where it is read by the route itself. */
    describedBody?: unknown
  }
}

/** Begins and ends calls: span, metrics, a line in the log. */
export function trackCalls(app: FastifyInstance, context: ServerContext): void {
  const { metrics, tracing, logger } = context
  app.decorateRequest('call', null as unknown as Call)
  app.addHook('onRequest', (request, reply, done) => {
    const method = methodOf(request)
    const span = tracing.begin(method, (name) => headerOf(request, name), {
      'http.request.method': request.method,
      'http.route': request.routeOptions.url ?? '',
    })
    const gone = new AbortController()
    const releases: Release[] = []
    let ended = false
    const call: Call = {
      span,
      end: metrics.request('http', method),
      code: 'OK',
      identity: undefined,
      log: undefined,
      hold: (release) => {
        if (ended) release()
        else releases.push(release)
      },
      gone: gone.signal,
    }
    request.call = call
    // Comes behind every end, and not only behind an answer that was sent as a whole.
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) {
        if (call.code === 'OK') call.code = 'GOETHE_ABORTED'
        gone.abort()
      }
      ended = true
      for (const release of releases) release()
      call.end(call.code)
      span.end(call.code)
      const { method: verb, routeOptions } = request
      const { statusCode: status, elapsedTime } = reply
      const durationMs = Math.round(elapsedTime * 10) / 10
      const { code, identity } = call
      logger.debug(
        { method: verb, route: routeOptions.url, status, code, caller: identity?.name, durationMs },
        'request',
      )
    })
    span.run(done)
  })
}

/** From now on this request is a stream, whose duration says nothing. */
export function becomeStream(request: FastifyRequest, { metrics }: ServerContext): void {
  request.call.end = metrics.stream('http', methodOf(request))
}

/** The log as whoever sent this request may use it. */
export function logOf(request: FastifyRequest): ServedLog {
  const { log } = request.call
  if (log === undefined) throw new Error('Broken invariant: this route asks who calls')
  return log
}

/** Asks who calls and counts its requests, for all routes of an instance. */
export function identifyCallers(app: FastifyInstance, context: ServerContext): void {
  app.addHook('onRequest', async (request: FastifyRequest) => {
    const identity = await identityOf(request, context)
    context.admission.request(identity)
    request.call.identity = identity
    request.call.log = context.logFor(identity)
  })
}

/** Who sent this request. Rejects as `Identify` does. */
export function identityOf(request: FastifyRequest, context: ServerContext): Promise<Identity> {
  return context.identify(request.headers, certificateOf(request), () => request.ip)
}

/** True where there is something to tell by who sent this request. */
export function presentsCredential(request: FastifyRequest): boolean {
  return request.headers.authorization !== undefined || certificateOf(request) !== undefined
}

/** Routes are few; what was asked for may be anything. */
export function methodOf(request: FastifyRequest): string {
  const { url } = request.routeOptions
  return url === undefined ? 'unknown' : `${request.method} ${url}`
}

/** Answers with JSON in which ids are text. On a terminal the next prompt is on a line of its own. */
export function sendJson(reply: FastifyReply, json: string | Readable): FastifyReply {
  const body = typeof json === 'string' ? `${json}\n` : json
  return reply.type('application/json; charset=utf-8').send(body)
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(',') : value
}

function certificateOf(request: FastifyRequest): ClientCertificate | undefined {
  const socket = request.raw.socket as Partial<TLSSocket>
  // One that nobody we know has signed says nothing.
  if (socket.authorized !== true) return undefined
  const certificate = socket.getPeerCertificate?.()
  return certificate === undefined || Object.keys(certificate).length === 0
    ? undefined
    : certificate
}
