/** For those who watch over the server: does it live, can it work, how does it do. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isAuthRequired } from '../config-auth.js'
import type { Identity } from '../identity.js'
import type { ServerContext } from '../server-context.js'
import { servesReads } from '../log-store.js'
import { storeReason } from '../store-reason.js'
import { identifyCallers, identityOf, presentsCredential, sendJson } from './call.js'

export interface Readiness {
  ready: boolean
  /** Why not, or what does not work although requests are taken. */
  reasons: string[]
}

/**
 * Not ready means that another server would do better: while it stops, and while the log cannot be
 * read. A log that is read-only for a while stays reachable, for its readers.
 */
export function readinessOf(
  { stopping, storeState }: ServerContext,
  identity: Identity | undefined,
): Readiness {
  const state = storeState()
  const reason = storeReason(state, identity)
  const reasons = [
    ...(stopping.aborted ? ['The server stops'] : []),
    ...(reason === undefined ? [] : [reason]),
    ...(state.type === 'closed' ? ['The log is closed'] : []),
  ]
  return {
    ready: !stopping.aborted && servesReads(state),
    reasons,
  }
}

const hide = { schema: { hide: true } }
/** Many a balancer looks with HEAD only. */
const probe = { ...hide, exposeHeadRoute: true }

/** Balancers and supervisors need not be known; who is may learn more. */
export function healthRoutes(app: FastifyInstance, context: ServerContext): void {
  app.get('/livez', probe, (_request, reply) => sendJson(reply, '{"alive":true}'))
  app.get('/readyz', probe, async (request, reply) => {
    const identity = await knownOf(request, context)
    const readiness = readinessOf(context, identity)
    const store = context.storeState().type
    void reply.code(readiness.ready ? 200 : 503).header('cache-control', 'no-store')
    return sendJson(reply, JSON.stringify({ ...readiness, store }))
  })
}

/** What a scraper gets: for everybody who is known, as the status is, unless it is for everybody. */
export async function metricsRoute(app: FastifyInstance, context: ServerContext): Promise<void> {
  if (!context.config.http.publicMetrics) identifyCallers(app, context)
  app.get('/metrics', hide, async (_request, reply) => {
    const { registry } = context.metrics
    return reply.type(registry.contentType).send(await registry.metrics())
  })
}

/** Whoever does not say who they are, or is wrong about it, still learns whether requests are taken. */
async function knownOf(
  request: FastifyRequest,
  context: ServerContext,
): Promise<Identity | undefined> {
  // A probe that says nothing is no failed attempt.
  if (isAuthRequired(context.config.auth) && !presentsCredential(request)) return undefined
  return identityOf(request, context).catch(() => undefined)
}
