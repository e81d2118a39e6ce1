/** For those who watch over the server: does it live, can it work, how does it do. */
import type { FastifyInstance } from 'fastify'
import type { ServerContext } from '../server-context.js'
import { sendJson } from './call.js'

export interface Readiness {
  ready: boolean
  /** Why not, or what does not work although requests are taken. */
  reasons: string[]
}

/**
 * Not ready means that another server would do better: while it stops, and while the log cannot be
 * read. A log that is read-only for a while stays reachable, for its readers.
 */
export function readinessOf({ stopping, storeState }: ServerContext): Readiness {
  const state = storeState()
  const reasons = [
    ...(stopping.aborted ? ['The server stops'] : []),
    ...('reason' in state ? [state.reason] : []),
    ...(state.type === 'closed' ? ['The log is closed'] : []),
  ]
  return {
    ready: !stopping.aborted && (state.type === 'open' || state.type === 'read-only'),
    reasons,
  }
}

export function healthRoutes(app: FastifyInstance, context: ServerContext): void {
  const hide = { schema: { hide: true } }
  app.get('/livez', hide, (_request, reply) => sendJson(reply, '{"alive":true}'))
  app.get('/readyz', hide, (_request, reply) => {
    const readiness = readinessOf(context)
    const store = context.storeState().type
    void reply.code(readiness.ready ? 200 : 503).header('cache-control', 'no-store')
    return sendJson(reply, JSON.stringify({ ...readiness, store }))
  })
  app.get('/metrics', hide, async (_request, reply) => {
    const { registry } = context.metrics
    return reply.type(registry.contentType).send(await registry.metrics())
  })
}
