/**
 * Which web pages may use the server. A page of any site can send requests to a server on the
 * machine of whoever looks at it; browsers tell where it came from, and we refuse what was not
 * allowed.
 */
import { GoetheError } from '@goethe/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isAuthRequired } from '../config-auth.js'
import { isLoopback } from '../loopback.js'
import type { ServerContext } from '../server-context.js'

export function checkOrigins(app: FastifyInstance, { config }: ServerContext): void {
  const { allowedOrigins, host } = config.http
  // A name that an attacker points to 127.0.0.1 makes his page one of the same origin as ours.
  const onlyLocalNames = isLoopback(host) && !isAuthRequired(config.auth)
  app.addHook('onRequest', async (request, reply) => {
    if (onlyLocalNames && !isLoopback(request.hostname)) {
      throw forbidden(`A server without authentication is not called '${request.hostname}'`)
    }
    const { origin } = request.headers
    if (origin === undefined) return
    const allowed = allowedOrigins.includes('*') || allowedOrigins.includes(origin)
    if (!allowed && !isSameOrigin(request, origin)) {
      throw forbidden(`Pages of ${origin.slice(0, 100)} are not in http.allowedOrigins`)
    }
    if (!allowed) return
    allow(reply, allowedOrigins.includes('*') ? '*' : origin)
    if (request.method === 'OPTIONS') return reply.code(204).send()
  })
  // Preflight requests ask for any path; the hook answers those that are allowed.
  app.options('/*', { schema: { hide: true } }, (_request, reply) => reply.code(204).send())
}

function allow(reply: FastifyReply, origin: string): void {
  void reply.headers({
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'GET, POST, PUT, DELETE',
    'access-control-allow-headers':
      'authorization, content-type, last-event-id, goethe-expect, goethe-producer-id, ' +
      'goethe-producer-sequence, goethe-time, traceparent, tracestate',
    'access-control-expose-headers': 'retry-after',
    'access-control-max-age': '600',
    vary: 'origin',
  })
}

function isSameOrigin(request: FastifyRequest, origin: string): boolean {
  return origin === `${request.protocol}://${request.host}`
}

function forbidden(message: string): GoetheError {
  return new GoetheError('GOETHE_FORBIDDEN', message)
}
