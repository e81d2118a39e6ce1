import type { FastifyInstance } from 'fastify'
import type { ServerContext } from '../server-context.js'
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
      return sendJson(reply, toJson({ ...status, store: context.storeState() }))
    },
  )
}
