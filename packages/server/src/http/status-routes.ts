import type { FastifyInstance } from 'fastify'
import type { ServerContext } from '../server-context.js'
import { storeReason } from '../store-reason.js'
import { logOf, sendJson } from './call.js'
import { toJson } from './event-json.js'
import { answers, idSchema } from './schemas.js'

/** Where the log stands. */
export function statusRoutes(app: FastifyInstance, context: ServerContext): void {
  app.get(
    '/status',
    {
      schema: {
        summary: 'Where the log stands',
        tags: ['log'],
        response: answers({
          type: 'object',
          properties: {
            id: { type: 'string', format: 'uuid' },
            lastId: idSchema,
            writable: { type: 'boolean' },
            store: {
              type: 'object',
              properties: { type: { type: 'string' }, reason: { type: 'string' } },
            },
          },
          additionalProperties: true,
        }),
      },
    },
    (request, reply) => {
      const status = logOf(request).status()
      const state = context.storeState()
      const reason = storeReason(state, request.call.identity)
      const store = { type: state.type, ...(reason !== undefined && { reason }) }
      return sendJson(reply, toJson({ ...status, store }))
    },
  )
}
