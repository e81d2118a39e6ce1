import type { FastifyInstance } from 'fastify'
import { publicPart } from '../cluster/cluster-report.js'
import { clusterOf, isOperator } from '../served-cluster.js'
import type { ServerContext } from '../server-context.js'
import { identifyCallers, sendJson } from './call.js'
import { toJson } from './event-json.js'

/** How the cluster is, for everybody who is known; who has `admin` on `*` sees each member. */
export async function clusterRoute(app: FastifyInstance, context: ServerContext): Promise<void> {
  identifyCallers(app, context)
  app.get('/cluster', { schema: { hide: true } }, (request, reply) => {
    const status = clusterOf(context.cluster).status()
    const { identity } = request.call
    const isFull = identity !== undefined && isOperator(identity)
    void reply.header('cache-control', 'no-store')
    return sendJson(reply, toJson(isFull ? status : publicPart(status)))
  })
}
